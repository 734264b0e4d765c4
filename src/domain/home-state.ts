import { type Code, Failure } from './error.ts'

/** A signing key by what may be told of it. */
export interface KeyMark {
  readonly kid: string
  /** Of its bytes, one-way. */
  readonly fingerprint: string
  /** When its tokens stop verifying, Unix milliseconds; undefined for one in use. */
  readonly retireAt?: number
}

/** What a home notes beside its keys about its database. */
export interface HomeMark {
  /** The same in the database. */
  readonly mark: string
  /** At least so many transactions are on disk. */
  readonly commits: number
}

/** What a database says of itself, as far as it is one of ours. */
export interface DatabaseFacts extends KeyFacts {
  /** None in databases of version 0.1. */
  readonly mark?: string
  readonly commits: number
  /** A backup that no server has opened yet. */
  readonly isCopy: boolean
}

/** What the database knows of the signing keys. */
export interface KeyFacts {
  readonly known: readonly KeyMark[]
  /** Whether there are URLs that neither expired nor were revoked. */
  readonly hasOpenGrants: boolean
  /** Whether doors of other homes may use the database, too. */
  readonly isShared?: true
  /** Other homes that need the same keys; empty where there may be such, and nobody knows which. */
  readonly elsewhere?: readonly HomePlace[]
}

/** Where the home of a door lies: machine and folder, as `scp` takes them. */
export interface HomePlace {
  readonly door: string
  readonly place: string
}

export interface HomeFacts {
  readonly databaseFile: string
  readonly keysDir: string
  /** Empty is a file of no bytes, blank one without any table. */
  readonly database: DatabaseFacts | 'missing' | 'empty' | 'blank'
  /** Whether the write-ahead log beside the database has anything in it. */
  readonly hasLog: boolean
  /** Undefined where nothing was noted yet. */
  readonly mark: HomeMark | undefined
  readonly hasKeys: boolean
}

export type HomeTroubleKind =
  | 'database_missing'
  | 'database_empty'
  | 'database_foreign'
  | 'database_behind'
  | 'keys_missing'
  | 'keys_foreign'

/** Why a home is not to be used as it is. */
export interface HomeTrouble {
  readonly kind: HomeTroubleKind
  readonly detail: string
  readonly fix: string
}

/** The same as commands report it, as other reasons; `about` is what `postern help troubleshooting` calls it. */
interface ReportedTrouble {
  readonly detail: string
  readonly fix?: string
  readonly about?: string
}

/** What a look at a home finds. */
export interface HomeLook {
  /** Why it is not to be used as it is; empty for one that is well or not there. */
  readonly troubles: readonly ReportedTrouble[]
  /** What a server has yet to make of its store, and how; undefined where it has. */
  readonly toMake?: ToMake
}

type ToMake = NonNullable<Failure['extra']['toMake']>

/** What a server has yet to make of the store, where that is why it could not be opened. */
export const storeToMake = (thrown: unknown): ToMake | undefined =>
  thrown instanceof Failure ? thrown.extra.toMake : undefined

/** Whether the database is the one that this home has been writing to, whole; undefined when it is. */
export function troubleWithDatabase(facts: HomeFacts): HomeTrouble | undefined {
  const { database, mark, hasKeys, databaseFile, keysDir } = facts
  if (typeof database === 'string') {
    if (mark === undefined && !hasKeys) return undefined
    return lost[database](facts)
  }
  if (database.isCopy || mark === undefined) return undefined
  if (database.mark !== undefined && database.mark !== mark.mark)
    return {
      kind: 'database_foreign',
      detail: `${databaseFile} and ${keysDir} belong to different homes.`,
      fix: 'Put back the one that was exchanged, or: postern restore BACKUP. If they do belong together: postern keys adopt',
    }
  return database.commits < mark.commits ? behind(facts, mark.commits - database.commits) : undefined
}

const lost = {
  missing: ({ databaseFile }: HomeFacts) =>
    nothingLeft('database_missing', `${databaseFile} is gone, while the keys of its home are there.`),
  empty: ({ databaseFile }: HomeFacts) =>
    nothingLeft('database_empty', `${databaseFile} is empty, while the keys of a home in use are there.`),
  blank: (facts: HomeFacts) =>
    nothingLeft(
      'database_empty',
      `${facts.databaseFile} holds nothing, while the keys of a home in use are there: its write-ahead log (-wal) ${logOf(facts)}.`,
    ),
}

const logOf = ({ hasLog }: HomeFacts): string => (hasLog ? 'is cut or damaged' : 'is gone')

const nothingLeft = (kind: HomeTroubleKind, detail: string): HomeTrouble => ({
  kind,
  detail,
  fix: 'Put it back, or: postern restore BACKUP. To begin without what was in it: postern restore --accept-loss',
})

function behind(facts: HomeFacts, by: number): HomeTrouble {
  return {
    kind: 'database_behind',
    detail:
      `${facts.databaseFile} lacks the newest ${by === 1 ? 'transaction that was' : `${by} transactions that were`} acknowledged: ` +
      `its write-ahead log (-wal) ${logOf(facts)}, or an older copy was put in its place.`,
    fix: 'Put the files back as they were, or: postern restore BACKUP. What is lacking cannot be known; to go on without it: postern restore --accept-loss',
  }
}

/** Refuses a home in trouble. */
export function refuseTrouble(code: Code, trouble: HomeTrouble | undefined): void {
  if (trouble) throw new Failure(code, `${trouble.detail} ${trouble.fix}`)
}

export interface KeepGrants {
  /** The operator vouches that no grant was revoked since, or that those were revoked again. */
  readonly keepGrants: boolean
}

/** What putting a backup in place came to. */
export interface Restored {
  /** How many messages were unfinished in it; they are not sent again by themselves. */
  readonly held: number
  /** How many URLs were open in it and are revoked now, because this home cannot know which were revoked since. */
  readonly revoked: number
  /** Where the database lies now that was there before; undefined when there was none. */
  readonly aside?: string
}

/** What going on without a backup came to. */
export interface Accepted {
  /** What was wrong, a sentence. */
  readonly detail: string
  /** Where the files lie now that were there before; undefined when they stayed. */
  readonly aside?: string
  /** Of a database that was put back by its server's tools. */
  readonly restored?: Pick<Restored, 'held' | 'revoked'>
}

/** Values of the variables that give a door its keys. */
interface GivenSecrets {
  readonly signingKeys: string
  readonly adminToken: string
}

/** What commands do with the signing keys of a home. */
export interface KeyTools {
  /** The ids of the keys that are there; makes none. */
  readonly kids: () => readonly string[]
  /** A fresh signing key; tokens of the older ones stop verifying at `retireAt`, Unix milliseconds. */
  readonly rotate: (graceMs: number) => Promise<{
    readonly kid: string
    readonly retireAt: number
    /** Where the keys must be copied to. */
    readonly elsewhere: readonly HomePlace[]
  }>
  /**
   * The secrets of the home as variables of doors hold them; with `rotate` as they are after a rotation, which only
   * who gives the variables can make. Makes them where there are none yet. Throws `usage` for `rotate` of files.
   */
  readonly export: (rotate?: { readonly graceMs: number }) => Promise<GivenSecrets>
  /** A fresh key where one is lost. Throws `usage` where none is. */
  readonly replaceLost: () => Promise<{
    readonly kid: string
    /** How many keys were still good. */
    readonly kept: number
    /** How many URLs were open that no key is there for any more; they are revoked. */
    readonly revoked: number
    /** Where files lie now that held no key, or another home's. */
    readonly aside: readonly string[]
  }>
  /** Takes keys and database, as they lie there, as belonging together. */
  readonly adopt: () => Promise<{
    readonly kids: readonly string[]
    /** How many URLs were open that none of these keys has signed; they are revoked. */
    readonly revoked: number
  }>
}
