import { openGivenKeys, parseKeys } from '../auth/given-keys.ts'
import { type KeyClock, type KeyEntry, type KeyRing, markOf } from '../auth/key-ring.ts'
import { keysIn, openKeys } from '../auth/keys.ts'
import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import type { KeyMark } from '../domain/home-state.ts'
import { type KeyPlace, keysVariable } from '../domain/key-variables.ts'
import { lacksKeys } from './server-file.ts'

export type Env = Readonly<Record<string, string | undefined>>

/** Where the signing keys of a home come from: its files, or the environment. */
export interface KeySource {
  readonly place: KeyPlace
  /** The keys that are there, oldest first; makes none. Throws `key_unusable`. */
  readonly entries: () => readonly KeyEntry[]
  /** Makes the first file where there is none. Throws `key_unusable`. */
  readonly open: (clock: KeyClock) => KeyRing
}

/** By this environment alone. A variable set to nothing counts as not set. */
export function keySource(env: Env, { keysDir }: Pick<Home, 'keysDir'>): KeySource {
  const text = env[keysVariable]
  if (!text)
    return { place: keysDir, entries: () => keysIn(keysDir), open: (clock) => openKeys(keysDir, clock) }
  let parsed: readonly KeyEntry[] | undefined
  const entries = () => {
    parsed ??= parseKeys(text)
    return parsed
  }
  return { place: keysVariable, entries, open: (clock) => openGivenKeys(entries(), clock) }
}

/** The same for a command, which may lack what the server of its home is given: another key than that one's opens nothing. */
export function commandKeys(env: Env, home: Home): KeySource {
  if (!lacksKeys(env, home)) return keySource(env, home)
  const refuse = () => {
    throw notGiven(keysVariable)
  }
  return { place: keysVariable, entries: refuse, open: refuse }
}

export const notGiven = (variable: string): Failure =>
  new Failure(
    'key_unusable',
    `The server of this home has ${variable} in its environment, and its keys by that: this command needs it, too.`,
  )

export const marksOf = ({ entries }: Pick<KeySource, 'entries'>): readonly KeyMark[] => entries().map(markOf)
