import type { KeyClock, KeyRing } from '../auth/key-ring.ts'
import type { Home } from '../domain/home.ts'
import { type KeyFacts, type KeyMark, refuseTrouble } from '../domain/home-state.ts'
import { doorsAmong, type Host, type HostStore, placeOfDoor } from '../domain/host.ts'
import { troubleWithKeys } from '../domain/key-troubles.ts'
import type { StoreMaintenance } from '../domain/ports.ts'
import { knownName, placeOf } from './door-name.ts'
import { type KeySource, marksOf } from './key-source.ts'

export type KnowsKeys = Pick<StoreMaintenance, 'keyFacts' | 'rememberKeys'> & Pick<HostStore, 'listHosts'>

/** What the store knows of the keys of a home, and where else they lie. */
export async function keyFactsOf(
  store: Pick<KnowsKeys, 'keyFacts' | 'listHosts'>,
  home: Pick<Home, 'root' | 'nameFile'>,
): Promise<KeyFacts> {
  const [facts, hosts] = await Promise.all([store.keyFacts(), store.listHosts()])
  return keyFactsAmong({ facts, hosts }, home)
}

/** The same of what was read. */
export function keyFactsAmong(
  { facts, hosts }: { readonly facts: KeyFacts; readonly hosts: readonly Host[] },
  home: Pick<Home, 'root' | 'nameFile'>,
): KeyFacts {
  if (facts.isShared !== true) return facts
  const doors = doorsAmong(hosts)
  const own = knownName(home)
  const elsewhere = doors
    .map((host) => ({ door: host.name, place: placeOfDoor(host) }))
    .filter(({ door, place }) => door !== own && place !== placeOf(home.root))
  const isUntold = doors.length === 0 && facts.known.length > 0
  return elsewhere.length > 0 || isUntold ? { ...facts, elsewhere } : facts
}

/**
 * The signing keys of a home, and the first one where nothing needs another. Throws `key_unusable` where a key is gone or
 * exchanged that URLs were signed with: a new one would make them worthless without a word.
 */
export async function openSigningKeys(
  home: Pick<Home, 'root' | 'nameFile'>,
  source: KeySource,
  store: KnowsKeys,
  clock: KeyClock,
): Promise<KeyRing> {
  const facts = await keyFactsOf(store, home)
  refuseTrouble(
    'key_unusable',
    troubleWithKeys(facts, marksOf(source), source.place, clock.now() + (clock.skew?.() ?? 0)),
  )
  const ring = source.open(clock)
  // Another door may have begun with keys of its own in this moment.
  return (await learn(store, facts.known, source)) ? ring : openSigningKeys(home, source, store, clock)
}

async function learn(store: KnowsKeys, known: readonly KeyMark[], source: KeySource): Promise<boolean> {
  const present = marksOf(source)
  return JSON.stringify(present) === JSON.stringify(known) || store.rememberKeys(present, known)
}
