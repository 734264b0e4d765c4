/** Node's cryptography, once it is needed: loading it costs a command 5 ms, and many need none. */
export const nodeCrypto = () => process.getBuiltinModule('node:crypto')
