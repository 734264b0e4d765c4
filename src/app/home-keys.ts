import { keyMarksIn, replaceLostKeys, rotateKeys } from '../auth/keys.ts'
import { Failure } from '../domain/error.ts'
import {
  type KeyFacts,
  type KeyMark,
  type KeyTools,
  refuseTrouble,
  troubleWithKeys,
} from '../domain/home-state.ts'
import type { Clock, Store } from '../domain/ports.ts'
import { openStore } from '../store/sqlite.ts'
import { openHome } from './home.ts'
import { type ProcessDeps, storeDeps } from './local-home.ts'
import { type KnowsKeys, openSigningKeys } from './signing-keys.ts'

/** What commands do with the keys of a home. */
export function keyTools(deps: ProcessDeps, root: string): KeyTools {
  const { clock } = deps
  const home = openHome(root)
  const { keysDir } = home
  const withStore = async <T>(
    act: (store: Store) => Promise<T>,
    accepted?: readonly ['database_foreign'],
  ): Promise<T> => {
    const store = await openStore({ ...storeDeps(deps, home), ...(accepted && { accepted }) })
    try {
      return await act(store)
    } finally {
      await store.close()
    }
  }
  return {
    rotate: (graceMs) =>
      withStore(async (store) => {
        await openSigningKeys(home, store, clock)
        const rotation = rotateKeys(keysDir, graceMs, clock.now())
        await store.rememberKeys(keyMarksIn(keysDir))
        return rotation
      }),
    replaceLost: () =>
      withStore(async (store) => {
        const { known } = await store.keyFacts()
        if (!(await isInTrouble(store, keysDir, clock))) throw new Failure('usage', nothingLost)
        const { kept, ...made } = replaceLostKeys(keysDir, known, clock.now())
        await store.rememberKeys(keyMarksIn(keysDir))
        return { ...made, kept, revoked: kept > 0 ? 0 : await revokeAll(store, clock.now()) }
      }),
    adopt: () =>
      withStore(
        async (store) => {
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

const nothingLost = 'No key is lost here. For a fresh one: postern keys rotate'

/** A file that holds no key is as good as gone. */
async function isInTrouble(store: KnowsKeys, keysDir: string, clock: Pick<Clock, 'now'>): Promise<boolean> {
  try {
    return troubleWithKeys(await store.keyFacts(), keyMarksIn(keysDir), keysDir, clock.now()) !== undefined
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
