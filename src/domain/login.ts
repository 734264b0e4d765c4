/** A login to the dashboard as it is kept: found by the digest of its secret, which is kept nowhere. Times in Unix milliseconds. */
export interface StoredLogin {
  readonly digest: string
  /** Stands in every form of that login. */
  readonly csrf: string
  readonly expiresAt: number
  /** Undefined of one that an earlier version opened. */
  readonly since?: number
  readonly seen?: Seen
}

/** From where a login was used last. */
export interface Seen {
  readonly at: number
  /** IP address. */
  readonly from: string
  /** As the browser calls itself. */
  readonly browser: string
}
