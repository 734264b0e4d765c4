/** Where everything of one Postern lives on disk; absolute paths. Directory 0700, files 0600. */
export interface Home {
  readonly root: string
  /** `preferences/webhooks.json` */
  readonly configFile: string
  readonly databaseFile: string
  readonly keysDir: string
  /** Every grant that was ever revoked, beside the keys that its URL needs. */
  readonly revokedFile: string
  /** The door that this home has joined, with its token there; absent in the home of a door. */
  readonly doorFile: string
  /** The name of this home's door among those that share its store in PostgreSQL. */
  readonly nameFile: string
  readonly runDir: string
  /** `run/server.json`: where the running server of this home listens. */
  readonly serverFile: string
  /** Held by the server of this home. */
  readonly serverLock: string
}

export const homeAt = (root: string): Home => ({
  root,
  configFile: `${root}/preferences/webhooks.json`,
  databaseFile: `${root}/postern.db`,
  keysDir: `${root}/keys`,
  revokedFile: `${root}/keys/revoked`,
  doorFile: `${root}/keys/door.json`,
  nameFile: `${root}/name`,
  runDir: `${root}/run`,
  serverFile: `${root}/run/server.json`,
  serverLock: `${root}/run/server.lock`,
})
