import * as fs from 'node:fs'
import { randomBytes } from '../domain/chance.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import type { KeyMark } from '../domain/home-state.ts'
import { createFile, makePrivateDir, readPrivate, replaceFile, secretBytes } from './key-files.ts'
import {
  createEnds,
  type KeyClock,
  type KeyEntry,
  type KeyRing,
  kidAfter,
  markOf,
  type SigningKey,
} from './key-ring.ts'

interface Rotation {
  readonly kid: string
  /** When tokens of the older keys stop verifying, Unix milliseconds. */
  readonly retireAt: number
}

/** The first key has a fixed name, so that of two processes starting at once only one creates it. */
const firstKid = '0000000000000001'
const checkMs = 250

/** Opens `keys/`, creating the directory and the first key where there is none. Throws `key_unusable` with the fix. */
export function openKeys(dir: string, clock: KeyClock): KeyRing {
  makePrivateDir(dir)
  if (kidsIn(dir).length === 0) createFile(dir, `${firstKid}.key`, keyText(randomBytes(32)))
  let ring = scan(dir, undefined)
  let checkedAt = clock.now()
  const endsAt = createEnds(clock)

  const check = (now: number) => {
    checkedAt = now
    if (!unchanged(dir, ring, now)) ring = scanOrKeep(dir, ring)
    for (const [kid, { retireAt }] of ring.entries) endsAt(kid, retireAt)
  }

  return {
    look: () => check(clock.now()),
    active: () => {
      ring = scanOrKeep(dir, ring)
      return newestOf(ring, dir)
    },
    find: (kid) => {
      const now = clock.now()
      if (now - checkedAt >= checkMs || now < checkedAt) check(now)
      if (!ring.entries.has(kid) && isThere(dir, kid)) ring = scanOrKeep(dir, ring)
      const entry = ring.entries.get(kid)
      return entry && now < endsAt(kid, entry.retireAt) ? entry.key : undefined
    },
  }
}

/**
 * Adds a key for new tokens; tokens of all older ones stop verifying after `graceMs`. A grace that is running already
 * is shortened, never prolonged. Keys past their grace are deleted.
 */
export function rotateKeys(dir: string, graceMs: number, now: number): Rotation {
  makePrivateDir(dir)
  const older = scan(dir, undefined)
  const kid = kidAfter([...older.entries.keys()], now)
  if (!createFile(dir, `${kid}.key`, keyText(randomBytes(32)))) return rotateKeys(dir, graceMs, now)
  const retireAt = now + graceMs
  for (const [name, entry] of older.entries)
    if (entry.retireAt <= now) forget(dir, name)
    else if (retireAt < entry.retireAt)
      replaceFile(dir, `${name}.retired`, `${new Date(retireAt).toISOString()}\n`)
  return { kid, retireAt }
}

/** The signing keys that lie there, oldest first. Throws `key_unusable`. */
export const keysIn = (dir: string): readonly KeyEntry[] => [...scan(dir, undefined).entries.values()]

/** The same by what may be told of them. */
export const keyMarksIn = (dir: string): readonly KeyMark[] => keysIn(dir).map(markOf)

/**
 * Makes a key where the right ones are gone. Files that hold no key, or another than the one `known` under that name, are
 * renamed, never deleted. Returns the new key's id and how many of the others are still good.
 */
export function replaceLostKeys(
  dir: string,
  known: readonly KeyMark[],
  now: number,
): { readonly kid: string; readonly kept: number; readonly aside: readonly string[] } {
  makePrivateDir(dir)
  const wrong = kidsIn(dir).filter((kid) => !isRight(dir, kid, known))
  for (const kid of wrong) fs.renameSync(`${dir}/${kid}.key`, `${dir}/${kid}.key.aside-${now}`)
  const kept = kidsIn(dir).length
  const kid = kidAfter([...scan(dir, undefined).entries.keys()], now)
  createFile(dir, `${kid}.key`, keyText(randomBytes(32)))
  return { kid, kept, aside: wrong.map((kid) => `${dir}/${kid}.key.aside-${now}`) }
}

function isRight(dir: string, kid: string, known: readonly KeyMark[]): boolean {
  try {
    const { fingerprint } = markOf(readEntry(dir, kid, undefined))
    return (known.find((key) => key.kid === kid)?.fingerprint ?? fingerprint) === fingerprint
  } catch {
    return false
  }
}

const keyText = (secret: Buffer): string => `${secret.toString('base64url')}\n`

interface Ring {
  readonly entries: ReadonlyMap<string, KeyEntry>
  /** When the directory had last changed, before it was read. */
  readonly mtimeMs: number
}

function scan(dir: string, before: Ring | undefined): Ring {
  const mtimeMs = mtimeOf(dir)
  const entries = kidsIn(dir).map((kid) => [kid, readEntry(dir, kid, before?.entries.get(kid))] as const)
  return { entries: new Map(entries), mtimeMs }
}

/** A running server keeps the keys it has read when a file is damaged later. */
function scanOrKeep(dir: string, before: Ring): Ring {
  try {
    return scan(dir, before)
  } catch {
    return before
  }
}

/** Two changes within one tick of the file system's clock look like one: a fresh directory counts as changed. */
function unchanged(dir: string, ring: Ring, now: number): boolean {
  const mtimeMs = mtimeOf(dir)
  return mtimeMs === ring.mtimeMs && Math.abs(now - mtimeMs) > 1000
}

const mtimeOf = (dir: string): number => fs.statSync(dir, { throwIfNoEntry: false })?.mtimeMs ?? 0

const isThere = (dir: string, kid: string): boolean =>
  /^[0-9a-f]{16}$/.test(kid) && fs.existsSync(`${dir}/${kid}.key`)

function kidsIn(dir: string): readonly string[] {
  const names = fs.existsSync(dir) ? fs.readdirSync(dir) : []
  return names
    .map((name) => /^([0-9a-f]{16})\.key$/.exec(name)?.[1] ?? '')
    .filter((kid) => kid !== '')
    .sort()
}

function readEntry(dir: string, kid: string, before: KeyEntry | undefined): KeyEntry {
  const path = `${dir}/${kid}.key`
  const secret = secretBytes(
    path,
    readPrivate(path).trim(),
    'Put it back. If there is no copy: postern keys new',
  )
  const same = before !== undefined && Buffer.compare(before.key.secret, secret) === 0
  return { key: same ? before.key : { kid, secret }, retireAt: retirementOf(`${dir}/${kid}.retired`) }
}

function retirementOf(path: string): number {
  if (!fs.existsSync(path)) return Number.POSITIVE_INFINITY
  const time = Date.parse(readPrivate(path).trim())
  if (Number.isFinite(time)) return time
  throw new Failure(
    'key_unusable',
    `${path} holds no time. To retire its key at once, put 1970-01-01 into it.`,
  )
}

function newestOf(ring: Ring, dir: string): SigningKey {
  const newest = [...ring.entries.values()].at(-1)
  if (!newest)
    throw new Failure(
      'key_unusable',
      `There is no signing key in ${dir} any more. Put it back; if there is no copy: postern keys new`,
    )
  return newest.key
}

function forget(dir: string, kid: string): void {
  try {
    fs.rmSync(`${dir}/${kid}.key`, { force: true })
    fs.rmSync(`${dir}/${kid}.retired`, { force: true })
  } catch (cause) {
    throw new Failure('key_unusable', `A retired key cannot be deleted: ${reasonOf(cause)}`, { cause })
  }
}
