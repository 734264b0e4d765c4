/** Where everything of one Postern lives on disk; absolute paths. Directory 0700, files 0600. */
export interface Home {
  readonly root: string
  /** `preferences/webhooks.json` */
  readonly configFile: string
  readonly databaseFile: string
  readonly keysDir: string
  readonly runDir: string
}

export const homeAt = (root: string): Home => ({
  root,
  configFile: `${root}/preferences/webhooks.json`,
  databaseFile: `${root}/postern.db`,
  keysDir: `${root}/keys`,
  runDir: `${root}/run`,
})
