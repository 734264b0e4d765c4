/** So many bytes that nobody can guess; by what every runtime has at hand, because loading `node:crypto` costs a command 5 ms. */
export const randomBytes = (length: number): Buffer =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(length)))
