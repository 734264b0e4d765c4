import { createHash } from 'node:crypto'
import type { Seen, StoredLogin } from '../../domain/login.ts'
import { keepInMemory, keepNewest, type LoginKeep, type LoginKey } from './login-keep.ts'

/** Who is logged in to the dashboard. */
export interface Logins {
  /** A new login; its secret goes into the cookie and is kept nowhere. */
  open(): { readonly secret: string; readonly login: Login }
  /** The login whose secret this is, unless it is over; `seen` is noted of it. */
  find(secret: string, seen?: Omit<Seen, 'at'>): Login | undefined
  close(secret: string): void
  /** All that are not over, the one that was used last first. */
  list(): readonly Login[]
  /** Ends the login of that id. False when there is none. */
  end(id: string): boolean
  /** Ends all but the login of that id; how many. */
  endOthers(id: string): number
  /** A code that opens one login within five minutes. */
  invite(): { readonly code: string; readonly expiresAt: number }
  /** True once for each code. */
  redeem(code: string): Promise<boolean>
  /** Keeps a text for the pages of the login with that secret, in place of the one before under that name. */
  leaveNote(secret: string, name: string, note: string): Promise<void>
  findNote(secret: string, name: string): Promise<string | undefined>
  /** As `findNote`, once. */
  takeNote(secret: string, name: string): Promise<string | undefined>
}

export interface Login extends Omit<StoredLogin, 'digest'> {
  /** What pages and forms call it; it opens nothing. */
  readonly id: string
}

interface LoginsDeps {
  readonly now: () => number
  readonly bytes: (length: number) => Uint8Array
  /** Where logins outlive a restart; without it they end with the process. */
  readonly file?: LoginFile
  /** In memory unless given. */
  readonly keep?: LoginKeep
}

/** Holds no secret: a login is found by the digest of its own. */
export interface LoginFile {
  /** What all logins hold under; they end when it changes. */
  under(): string
  /** What was saved last. Never throws: what cannot be read is nothing. */
  load(): readonly StoredLogin[]
  /** Never throws: what cannot be saved is lost at the next restart. */
  save(logins: readonly StoredLogin[]): void
  /** All that there are, where somebody else may have changed them since they were read or saved last. */
  news?(): readonly StoredLogin[] | undefined
}

interface Kept extends Login {
  seen?: Seen
}

export const loginMs = 12 * 3_600_000
const inviteMs = 5 * 60_000
const longestBrowserName = 300
/** That a login is used is saved at most so often: from where it was before, and from elsewhere, where several may take turns. */
const [saveSeenMs, savePlaceMs] = [600_000, 10_000]

export function createLogins({ now, bytes, file, keep = keepInMemory(now) }: LoginsDeps): Logins {
  const logins = new Map<string, Kept>(file?.load().map(kept))
  let under = file?.under()
  let savedAt = now()
  let isMoved = false
  const catchUp = () => {
    const current = file?.under()
    if (current !== under) {
      under = current
      logins.clear()
      keep.clear()
    }
    const news = file?.news?.()
    if (!news) return
    logins.clear()
    for (const login of news) logins.set(...kept(login))
  }
  const secretOf = () => Buffer.from(bytes(32)).toString('base64url')
  const save = () => {
    savedAt = now()
    isMoved = false
    for (const [digest, { expiresAt }] of logins) if (expiresAt <= now()) logins.delete(digest)
    file?.save([...logins].map(([digest, { id: _, ...login }]) => ({ digest, ...login })))
  }
  const isOver = ({ expiresAt }: Login) => expiresAt <= now()
  const note = (login: Kept, { from, browser }: Omit<Seen, 'at'>) => {
    const before = login.seen
    login.seen = { at: now(), from, browser: browser.slice(0, longestBrowserName) }
    isMoved ||= before?.from !== from || before.browser !== login.seen.browser
    if (!before || now() - savedAt > (isMoved ? savePlaceMs : saveSeenMs)) save()
  }
  const endAll = (ends: (login: Login) => boolean): number => {
    const ended = [...logins].filter(([, login]) => ends(login))
    for (const [digest] of ended) logins.delete(digest)
    if (ended.length > 0) save()
    return ended.filter(([, login]) => !isOver(login)).length
  }
  return {
    open: () => {
      catchUp()
      const secret = secretOf()
      const digest = digestOf(secret)
      const login = { csrf: secretOf(), id: idOf(digest), since: now(), expiresAt: now() + loginMs }
      keepNewest(logins, digest, login)
      save()
      return { secret, login }
    },
    find: (secret, seen) => {
      catchUp()
      const login = logins.get(digestOf(secret))
      if (!login || isOver(login)) return undefined
      if (seen) note(login, seen)
      return login
    },
    list: () => {
      catchUp()
      const usedAt = ({ seen, since = 0 }: Login) => seen?.at ?? since
      return [...logins.values()].filter((login) => !isOver(login)).sort((a, b) => usedAt(b) - usedAt(a))
    },
    end: (id) => endAll((login) => login.id === id) > 0,
    endOthers: (id) => endAll((login) => login.id !== id),
    close: (secret) => {
      if (logins.delete(digestOf(secret))) save()
    },
    invite: () => {
      catchUp()
      const [code, expiresAt] = [secretOf(), now() + inviteMs]
      keep.addLink(digestOf(code), expiresAt)
      return { code, expiresAt }
    },
    redeem: async (code) => {
      catchUp()
      return keep.takeLink(digestOf(code))
    },
    leaveNote: (secret, name, note) => keep.leaveNote(keyOf(secret), name, note),
    findNote: (secret, name) => keep.findNote(keyOf(secret), name),
    takeNote: (secret, name) => keep.takeNote(keyOf(secret), name),
  }
}

const kept = ({ digest, ...login }: StoredLogin): [string, Kept] => [digest, { ...login, id: idOf(digest) }]

const keyOf = (secret: string): LoginKey => ({ digest: digestOf(secret), secret })

/** Of the digest, which is kept in the file, and of no use to who has it. */
const idOf = (digest: string): string => digestOf(digest).slice(0, 12)

/** The time that looking a digest up takes shows nothing of the secret. */
const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url')
