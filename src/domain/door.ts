import type { KeyMark } from './home-state.ts'
import type { HostName } from './host.ts'
import type { StoredLogin } from './login.ts'

/**
 * What a door tells the others at its store of itself. Nothing of it opens anything, or lets anybody guess what does: `secrets` and
 * `settings` are codes, by the name of what they are of, under the signing key `kid`.
 */
export interface DoorFacts {
  readonly version: string
  readonly keys: readonly KeyMark[]
  readonly kid: string
  readonly secrets: Readonly<Record<string, string>>
  readonly settings: Readonly<Record<string, string>>
}

/** What the parts of `secrets` and `settings` are called. */
export const adminTokenName = 'the admin token'
export const hookName = (name: string): string => `hook "${name}"`

export interface Door {
  readonly name: HostName
  readonly facts: DoorFacts
  /** When it last told them, Unix milliseconds by the clock of the database. */
  readonly at: number
}

/** The server of a database, as far as it matters here. */
export interface StoreServer {
  readonly version: string
  /** `fsync`, `full_page_writes` and `synchronous_commit`. */
  readonly settings: Readonly<Record<string, string>>
  /** Whether it runs on another machine, as far as its address tells, and whether the connection to it is encrypted. */
  readonly isRemote: boolean
  readonly isEncrypted: boolean
  /** Of everything that is stored. */
  readonly bytes: number
  /** How far its clock is ahead of this machine's, in milliseconds. */
  readonly aheadMs: number
}

/**
 * What doors have in common beside messages, where their store is on a server. A store that is a file has one door: it knows no
 * others, forgets what it is told here, and has no logins.
 */
export interface SharedStore {
  /** In place of what that door told before. What others told a month ago, and never since, is forgotten. */
  rememberDoor(name: HostName, facts: DoorFacts): Promise<void>
  /** By name. */
  listDoors(): Promise<readonly Door[]>
  /** Undefined for a file. */
  storeServer(): Promise<StoreServer | undefined>
  /** Those that are not over at `now`, opened under that admin token (its digest). */
  listLogins(under: string, now: number): Promise<readonly StoredLogin[]>
  /** Forgets those that are over. */
  addLogin(under: string, login: StoredLogin, now: number): Promise<void>
  /** From where it was used last; nothing for one that is there no more. */
  noteLogin(digest: string, seen: NonNullable<StoredLogin['seen']>): Promise<void>
  endLogins(digests: readonly string[]): Promise<void>
  /** A link that opens one login, by the digest of its code. */
  addLink(under: string, digest: string, expiresAt: number): Promise<void>
  /** True once for each. */
  takeLink(under: string, digest: string, now: number): Promise<boolean>
  /** Keeps a text for the pages of a login, in place of the one before; nothing where that is there no more. */
  leaveNote(digest: string, name: string, note: string): Promise<void>
  findNote(digest: string, name: string): Promise<string | undefined>
  /** As `findNote`, once. */
  takeNote(digest: string, name: string): Promise<string | undefined>
}
