import { randomBytes } from '../domain/chance.ts'
import { Failure } from '../domain/error.ts'
import { keysVariable } from '../domain/key-variables.ts'
import { whyGuessable } from './guessable.ts'
import {
  createEnds,
  type KeyClock,
  type KeyEntry,
  type KeyRing,
  kidAfter,
  type SigningKey,
} from './key-ring.ts'

// Signing keys as a variable holds them: `kid:secret` for one in use, `kid:secret:time` for one whose tokens stop verifying then,
// with a comma between two. No character in it means anything to a shell, to systemd or to Docker.

/** Oldest first. Throws `key_unusable` with what is wrong and where; no secret stands in that. */
export function parseKeys(text: string): readonly KeyEntry[] {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '')
  const entries = parts.map((part, index) => parseKey(part, `Key ${index + 1} of ${parts.length}`))
  const twice = entries.find(
    ({ key: { kid } }, index) => entries.findIndex((one) => one.key.kid === kid) < index,
  )
  if (twice) throw unusable(`${twice.key.kid} stands in it twice.`)
  const byAge = entries.toSorted((a, b) => (a.key.kid < b.key.kid ? -1 : 1))
  newestOf(byAge)
  return byAge
}

/** The key that signs, of keys by age. */
function newestOf(entries: readonly KeyEntry[]): SigningKey {
  const newest = entries.findLast(({ retireAt }) => retireAt === Number.POSITIVE_INFINITY)
  if (!newest) throw unusable('None of its keys is in use: each has an end.')
  return newest.key
}

function parseKey(part: string, which: string): KeyEntry {
  const [, kid, secret = '', , end] = /^([0-9a-f]{16}):([^:]*)(:(.*))?$/s.exec(part) ?? []
  if (kid === undefined) throw unusable(`${which} must begin with 16 digits of 0-9 a-f and a colon.`)
  const bytes = Buffer.from(secret, 'base64url')
  if (bytes.length !== 32 || bytes.toString('base64url') !== secret)
    throw unusable(
      `${which} (${kid}) must have 43 base64url characters after its colon; it has ${secret.length}${secret.length === 43 ? ' others' : ''}.`,
    )
  const why = whyGuessable(secret)
  if (why !== undefined) throw unusable(`${which} (${kid}) can be guessed: it ${why}.`)
  const retireAt = end === undefined ? Number.POSITIVE_INFINITY : Date.parse(end)
  if (Number.isNaN(retireAt))
    throw unusable(
      `${which} (${kid}) must end after its secret, or in a time such as 2026-11-22T10:00:00.000Z.`,
    )
  return { key: { kid, secret: new Uint8Array(bytes) }, retireAt }
}

const unusable = (detail: string): Failure =>
  new Failure('key_unusable', `${keysVariable} is not as postern keys export prints it: ${detail}`)

/** What `parseKeys` reads. */
export const keysText = (entries: readonly KeyEntry[]): string =>
  entries
    .map(({ key: { kid, secret }, retireAt }) => {
      const end = Number.isFinite(retireAt) ? `:${new Date(retireAt).toISOString()}` : ''
      return `${kid}:${Buffer.from(secret).toString('base64url')}${end}`
    })
    .join(',')

/** With a fresh key; tokens of all older ones stop verifying after `graceMs`, as after `rotateKeys`. */
export function rotated(entries: readonly KeyEntry[], graceMs: number, now: number): readonly KeyEntry[] {
  const kid = kidAfter(
    entries.map(({ key }) => key.kid),
    now,
  )
  return [
    ...entries
      .filter(({ retireAt }) => retireAt > now)
      .map(({ key, retireAt }) => ({ key, retireAt: Math.min(retireAt, now + graceMs) })),
    { key: { kid, secret: new Uint8Array(randomBytes(32)) }, retireAt: Number.POSITIVE_INFINITY },
  ]
}

/** A ring of keys that nothing changes while the process runs. */
export function openGivenKeys(entries: readonly KeyEntry[], clock: KeyClock): KeyRing {
  const endsAt = createEnds(clock)
  const byKid = new Map(entries.map((entry) => [entry.key.kid, entry]))
  const newest = newestOf(entries)
  const look = () => {
    for (const [kid, { retireAt }] of byKid) endsAt(kid, retireAt)
  }
  look()
  return {
    look,
    active: () => newest,
    find: (kid) => {
      const entry = byKid.get(kid)
      return entry && clock.now() < endsAt(kid, entry.retireAt) ? entry.key : undefined
    },
  }
}
