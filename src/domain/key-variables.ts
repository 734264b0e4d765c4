/** By these a door has its keys from its environment, in place of files in `keys/`. */
export const [keysVariable, adminTokenVariable] = ['POSTERN_SIGNING_KEYS', 'POSTERN_ADMIN_TOKEN'] as const

/** Where the signing keys of a home are, to people: its folder of keys, or that variable. */
export type KeyPlace = string
