import { keyMarksIn, replaceLostKeys, rotateKeys } from '../auth/keys.ts'
import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import {
  howToCopy,
  type KeyFacts,
  type KeyMark,
  type KeyTools,
  refuseTrouble,
  troubleWithKeys,
} from '../domain/home-state.ts'
import type { Clock, Store } from '../domain/ports.ts'
import { openHome } from './home.ts'
import { type ProcessDeps, withStore } from './local-home.ts'
import { type KnowsKeys, keyFactsOf, openSigningKeys } from './signing-keys.ts'

/** What commands do with the keys of a home. */
export function keyTools(deps: ProcessDeps, root: string): KeyTools {
  const { clock } = deps
  const home = openHome(root)
  const { keysDir } = home
  return {
    rotate: (graceMs) =>
      withStore(deps, home, async (store) => {
        await openSigningKeys(home, store, clock)
        const rotation = rotateKeys(keysDir, graceMs, clock.now())
        await store.rememberKeys(keyMarksIn(keysDir))
        const { elsewhere = [] } = await keyFactsOf(store, home)
        return { ...rotation, elsewhere }
      }),
    replaceLost: () =>
      withStore(deps, home, async (store) => {
        const { known } = await store.keyFacts()
        if (!(await isInTrouble(store, home, clock))) throw new Failure('usage', nothingLost)
        await refuseAmongDoors(store, home)
        const { kept, ...made } = replaceLostKeys(keysDir, known, clock.now())
        await store.rememberKeys(keyMarksIn(keysDir))
        return { ...made, kept, revoked: kept > 0 ? 0 : await revokeAll(store, clock.now()) }
      }),
    adopt: () =>
      withStore(
        deps,
        home,
        async (store) => {
          await refuseAmongDoors(store, home)
          const keys = keyMarksIn(keysDir)
          const facts = await store.keyFacts()
          if (keys.length === 0) refuseTrouble('key_unusable', troubleWithKeys(facts, keys, keysDir, 0))
          const revoked = isNoneLeft(facts, keys) ? await revokeAll(store, clock.now()) : 0
          await store.rememberKeys(keys)
          return { kids: keys.map(({ kid }) => kid), revoked }
        },
        ['database_foreign'],
      ),
  }
}

/** Where other doors sign with the keys that the database knows, only these are right. */
async function refuseAmongDoors(store: KnowsKeys, home: Home): Promise<void> {
  const { elsewhere = [] } = await keyFactsOf(store, home)
  if (elsewhere.length > 0)
    throw new Failure('usage', `Other doors have the keys. ${howToCopy(elsewhere, home.keysDir)}`)
}

const nothingLost = 'No key is lost here. For a fresh one: postern keys rotate'

/** A file that holds no key is as good as gone. */
async function isInTrouble(store: KnowsKeys, home: Home, clock: Pick<Clock, 'now'>): Promise<boolean> {
  const { keysDir } = home
  try {
    const facts = await keyFactsOf(store, home)
    return troubleWithKeys(facts, keyMarksIn(keysDir), keysDir, clock.now()) !== undefined
  } catch {
    return true
  }
}

/** Whether every key that the database knows is another one now, or gone: nothing that they signed can be verified. */
const isNoneLeft = ({ known }: KeyFacts, keys: readonly KeyMark[]): boolean =>
  known.length > 0 && !known.some((key) => keys.some(({ fingerprint }) => fingerprint === key.fingerprint))

/** URLs that were signed with a lost key cannot come back: they are not to look alive. Returns how many there were. */
async function revokeAll(store: Store, now: number): Promise<number> {
  const open = (await store.listGrants({})).filter(
    ({ revokedAt, expiresAt = Infinity }) => revokedAt === undefined && expiresAt > now,
  )
  for (const { id } of open) await store.revokeGrant(id, now)
  return open.length
}
