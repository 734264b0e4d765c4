let loaded: typeof import('node:crypto') | undefined

/** Node's cryptography, once it is needed: loading it costs a command 5 ms, and many need none. */
export function nodeCrypto(): typeof import('node:crypto') {
  loaded ??= process.getBuiltinModule('node:crypto')
  return loaded
}
