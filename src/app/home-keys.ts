import { givenAdminToken, openAdminToken } from '../auth/admin-token.ts'
import { keysText, rotated } from '../auth/given-keys.ts'
import { keyMarksIn, replaceLostKeys, rotateKeys } from '../auth/keys.ts'
import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import {
  type KeyFacts,
  type KeyMark,
  type KeyTools,
  refuseTrouble,
  storeToMake,
} from '../domain/home-state.ts'
import { howToCopy, troubleWithKeys } from '../domain/key-troubles.ts'
import { keysVariable } from '../domain/key-variables.ts'
import type { Clock, Store } from '../domain/ports.ts'
import { openHome, ownHome } from './home.ts'
import { commandKeys, type KeySource, keySource, marksOf } from './key-source.ts'
import { type ProcessDeps, withStore } from './local-home.ts'
import { type KnowsKeys, keyFactsOf, openSigningKeys } from './signing-keys.ts'

/** What commands do with the keys of a home. */
export function keyTools(deps: ProcessDeps, root: string): KeyTools {
  const { clock, env } = deps
  const home = ownHome(root)
  const { keysDir } = home
  const source = commandKeys(env, home)
  return {
    kids: () => source.entries().map(({ key }) => key.kid),
    rotate: (graceMs) =>
      withMade(deps, home, async (store) => {
        refuseGiven(source, howToRotate)
        await openSigningKeys(home, source, store, clock)
        const rotation = rotateKeys(keysDir, graceMs, clock.now())
        await store.rememberKeys(keyMarksIn(keysDir))
        const { elsewhere = [] } = await keyFactsOf(store, home)
        return { ...rotation, elsewhere }
      }),
    replaceLost: () =>
      withMade(deps, home, async (store) => {
        // Without the variable it is meant, whatever the server had.
        const files = keySource(env, home)
        refuseGiven(
          files,
          `Put the right ones there. If they are gone for good: unset ${keysVariable}, then postern keys new`,
        )
        const { known } = await store.keyFacts()
        if (!(await isInTrouble(store, home, files, clock))) throw new Failure('usage', nothingLost)
        await refuseAmongDoors(store, home, files)
        const { kept, ...made } = replaceLostKeys(keysDir, known, clock.now())
        await store.rememberKeys(keyMarksIn(keysDir))
        return { ...made, kept, revoked: kept > 0 ? 0 : await revokeAll(store, clock.now()) }
      }),
    adopt: () =>
      withMade(
        deps,
        home,
        async (store) => {
          await refuseAmongDoors(store, home, source)
          const keys = marksOf(source)
          const facts = await store.keyFacts()
          if (keys.length === 0) refuseTrouble('key_unusable', troubleWithKeys(facts, keys, source.place, 0))
          const revoked = isNoneLeft(facts, keys) ? await revokeAll(store, clock.now()) : 0
          await store.rememberKeys(keys)
          return { kids: keys.map(({ kid }) => kid), revoked }
        },
        ['database_foreign'],
      ),
    export: (rotate) =>
      withKnownKeys(deps, home, async (store) => {
        await openSigningKeys(home, source, store, clock)
        const entries = source.entries()
        if (rotate && source.place !== keysVariable) throw new Failure('usage', keysAreFiles)
        return {
          signingKeys: keysText(rotate ? rotated(entries, rotate.graceMs, clock.now()) : entries),
          adminToken: givenAdminToken(env) ?? openAdminToken(keysDir),
        }
      }),
  }
}

/** Only who asks which keys there are makes no home. */
const withMade: typeof withStore = (deps, { root }, ...act) => withStore(deps, openHome(root), ...act)

/** Keys may be there before the tables of a database: the first server finds out that they are right. */
const withKnownKeys = <T>(deps: ProcessDeps, home: Home, act: (store: KnowsKeys) => Promise<T>): Promise<T> =>
  withMade(deps, home, act).catch((thrown: unknown) => {
    if (storeToMake(thrown)?.isBlank) return act(knowsNothing)
    throw thrown
  })

const knowsNothing: KnowsKeys = {
  keyFacts: async () => ({ known: [], hasOpenGrants: false }),
  rememberKeys: async () => true,
  listHosts: async () => [],
}

const howToRotate =
  'Print them with a fresh one: (umask 077; postern keys export --rotate > keys.env). Give that to each door, and restart all of them at once.'

const keysAreFiles =
  'The signing keys are files of this home: postern keys rotate makes a fresh one, then postern keys export prints it, too.'

function refuseGiven({ place }: KeySource, advice: string): void {
  if (place === keysVariable)
    throw new Failure(
      'usage',
      `The signing keys come from ${keysVariable} here, which a command cannot change. ${advice}`,
    )
}

/** Where other doors sign with the keys that the database knows, only these are right. */
async function refuseAmongDoors(store: KnowsKeys, home: Home, { place }: KeySource): Promise<void> {
  const { elsewhere = [] } = await keyFactsOf(store, home)
  if (elsewhere.length > 0)
    throw new Failure('usage', `Other doors have the keys. ${howToCopy(elsewhere, place)}`)
}

const nothingLost = 'No key is lost here. For a fresh one: postern keys rotate'

/** A file that holds no key is as good as gone. */
async function isInTrouble(
  store: KnowsKeys,
  home: Home,
  source: KeySource,
  clock: Pick<Clock, 'now'>,
): Promise<boolean> {
  try {
    const facts = await keyFactsOf(store, home)
    return troubleWithKeys(facts, marksOf(source), source.place, clock.now()) !== undefined
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
