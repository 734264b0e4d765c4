import { randomBytes } from '../domain/chance.ts'
import type { KeyMark } from '../domain/home-state.ts'
import { nodeCrypto } from './node-crypto.ts'

export interface SigningKey {
  /** 16 hex digits that sort by age. */
  readonly kid: string
  /** 32 bytes. */
  readonly secret: Uint8Array
}

/**
 * The signing keys of one home. Another process may add or retire keys at any time; that is noticed within
 * `checkMs`, and at once for a key this ring does not know.
 */
export interface KeyRing {
  /** The newest key; new tokens are signed with it. Throws `key_unusable` when there is none any more. */
  active(): SigningKey
  /** The same object as long as the key is the same; undefined for unknown keys and those past their grace. */
  find(kid: string): SigningKey | undefined
  /** Notices what another process did to the keys: a grace counts from when it was noticed. */
  look(): void
}

/** Unix milliseconds. `now` may be a clock that never jumps; `skew` is how far the wall clock is ahead of it. */
export interface KeyClock {
  readonly now: () => number
  readonly skew?: () => number
}

export interface KeyEntry {
  readonly key: SigningKey
  /** When its tokens stop verifying, Unix milliseconds; infinite for one in use. */
  readonly retireAt: number
}

/** The end of a key's grace by `clock`: put on it once, because the wall clock that it was written by may jump. */
export function createEnds({ skew = () => 0 }: KeyClock): (kid: string, retireAt: number) => number {
  const ends = new Map<string, number>()
  return (kid, retireAt) => {
    if (retireAt === Number.POSITIVE_INFINITY) return retireAt
    const name = `${kid} ${retireAt}`
    const end = ends.get(name) ?? retireAt - skew()
    ends.set(name, end)
    return end
  }
}

/** A signing key by what may be told of it. */
export function markOf({ key: { kid, secret }, retireAt }: KeyEntry): KeyMark {
  const fingerprint = nodeCrypto()
    .createHash('sha256')
    .update('postern signing key\n')
    .update(secret)
    .digest('hex')
    .slice(0, 32)
  return { kid, fingerprint, ...(Number.isFinite(retireAt) && { retireAt }) }
}

/** 11 hex digits of milliseconds and 5 of chance; above every older one even if the clock went back. */
export function kidAfter(older: readonly string[], now: number): string {
  const newest = older.at(-1) ?? '0'
  const time = Math.max(now, Number.parseInt(newest.slice(0, 11), 16) + 1)
  return time.toString(16).padStart(11, '0') + randomBytes(3).toString('hex').slice(0, 5)
}
