import { createHash } from 'node:crypto'

/** Who is logged in to the dashboard. */
export interface Logins {
  /** A new login; its secret goes into the cookie and is kept nowhere. */
  open(): { readonly secret: string; readonly login: Login }
  /** The login whose secret this is, unless it is over. */
  find(secret: string): Login | undefined
  close(secret: string): void
  /** A code that opens one login within five minutes. */
  invite(): { readonly code: string; readonly expiresAt: number }
  /** True once for each code. */
  redeem(code: string): boolean
}

/** `expiresAt` in Unix milliseconds; `csrf` stands in every form of that login. */
export interface Login {
  readonly csrf: string
  readonly expiresAt: number
}

interface LoginsDeps {
  readonly now: () => number
  readonly bytes: (length: number) => Uint8Array
  /** Where logins outlive a restart; without it they end with the process. */
  readonly file?: LoginFile
}

/** Holds no secret: a login is found by the digest of its own. */
export interface LoginFile {
  /** What all logins hold under; they end when it changes. */
  under(): string
  /** What was saved last. Never throws: what cannot be read is nothing. */
  load(): readonly StoredLogin[]
  /** Never throws: what cannot be saved is lost at the next restart. */
  save(logins: readonly StoredLogin[]): void
}

interface StoredLogin extends Login {
  readonly digest: string
}

export const loginMs = 12 * 3_600_000
const inviteMs = 5 * 60_000
/** Of more logins or codes than these the oldest are dropped. */
const mostKept = 1000

export function createLogins({ now, bytes, file: shelf }: LoginsDeps): Logins {
  const logins = new Map<string, Login>(shelf?.load().map(({ digest, ...login }) => [digest, login]))
  const invitations = new Map<string, number>()
  let under = shelf?.under()
  const endOlder = () => {
    const now = shelf?.under()
    if (now === under) return
    under = now
    logins.clear()
    invitations.clear()
  }
  const secretOf = () => Buffer.from(bytes(32)).toString('base64url')
  const save = () => {
    for (const [digest, { expiresAt }] of logins) if (expiresAt <= now()) logins.delete(digest)
    shelf?.save([...logins].map(([digest, login]) => ({ digest, ...login })))
  }
  return {
    open: () => {
      endOlder()
      const secret = secretOf()
      const login = { csrf: secretOf(), expiresAt: now() + loginMs }
      keep(logins, digestOf(secret), login)
      save()
      return { secret, login }
    },
    find: (secret) => {
      endOlder()
      const login = logins.get(digestOf(secret))
      return login && login.expiresAt > now() ? login : undefined
    },
    close: (secret) => {
      if (logins.delete(digestOf(secret))) save()
    },
    invite: () => {
      endOlder()
      const [code, expiresAt] = [secretOf(), now() + inviteMs]
      keep(invitations, digestOf(code), expiresAt)
      return { code, expiresAt }
    },
    redeem: (code) => {
      endOlder()
      const expiresAt = invitations.get(digestOf(code))
      invitations.delete(digestOf(code))
      return expiresAt !== undefined && expiresAt > now()
    },
  }
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value)
  const oldest = map.keys().next()
  if (map.size > mostKept && !oldest.done) map.delete(oldest.value)
}

/** The time that looking a digest up takes shows nothing of the secret. */
const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url')
