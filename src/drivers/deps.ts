/** What a driver is given when the table of drivers is made. */
export interface DriverDeps {
  /** The server's environment: an agent's, but for Postern's own variables, and where credentials given by name come from. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** `skills.dirs` of the configuration as it is now. */
  readonly skillDirs: () => readonly string[]
  /** Variables that hold secrets of the configuration; no agent inherits them. */
  readonly secretVariables?: () => readonly string[]
}
