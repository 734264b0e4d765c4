import { type KeyClock, type KeyRing, keyMarksIn, openKeys } from '../auth/keys.ts'
import type { Home } from '../domain/home.ts'
import { type KeyMark, refuseTrouble, troubleWithKeys } from '../domain/home-state.ts'
import type { StoreMaintenance } from '../domain/ports.ts'

export type KnowsKeys = Pick<StoreMaintenance, 'keyFacts' | 'rememberKeys'>

/**
 * The signing keys of a home, and the first one where nothing needs another. Throws `key_unusable` where a key is gone or
 * exchanged that URLs were signed with: a new one would make them worthless without a word.
 */
export async function openSigningKeys(
  { keysDir }: Pick<Home, 'keysDir'>,
  store: KnowsKeys,
  clock: KeyClock,
): Promise<KeyRing> {
  const facts = await store.keyFacts()
  refuseTrouble(
    'key_unusable',
    troubleWithKeys(facts, keyMarksIn(keysDir), keysDir, clock.now() + (clock.skew?.() ?? 0)),
  )
  const ring = openKeys(keysDir, clock)
  await learn(store, facts.known, keysDir)
  return ring
}

async function learn(store: KnowsKeys, known: readonly KeyMark[], keysDir: string): Promise<void> {
  const present = keyMarksIn(keysDir)
  if (JSON.stringify(present) !== JSON.stringify(known)) await store.rememberKeys(present)
}
