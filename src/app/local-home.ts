import type { LocalHome } from '../cli/context.ts'
import { type Config, loadConfig } from '../config/load.ts'
import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import type { Clock, Store, Tokens } from '../domain/ports.ts'
import { baseUrl } from '../manage/urls.ts'
import type { Platform } from '../platform/platform.ts'
import type { StoreDeps } from '../store/context.ts'
import type { PostgresDeps } from '../store/postgres/database.ts'
import { openStore } from '../store/sqlite.ts'
import { openSteadyClock, type SteadyClock } from '../store/steady-clock.ts'
import { type WriteWatch, watchWrites } from '../store/write-watch.ts'
import { pause } from '../wait.ts'
import { agentsHere } from './agents-here.ts'
import { withOwnSessions } from './among-doors.ts'
import { knownName, ownName } from './door-name.ts'
import { openHome } from './home.ts'
import { joinedDoor } from './joined-door.ts'
import { runningUrl, servedBase } from './server-file.ts'
import type { KnowsKeys } from './signing-keys.ts'
import { storeAddress } from './store-address.ts'
import { inDatabaseTime } from './store-time.ts'

export interface ProcessDeps {
  readonly platform: Platform
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** The module with which a thread of the store begins. */
  readonly storeThread: URL
}

/**
 * The home for one command: everything on disk, no server. Missing secrets of the configuration are
 * ignored, and a broken configuration fails only commands that read it: a URL can always be revoked.
 */
export async function openLocalHome(
  deps: ProcessDeps,
  root: string,
  stderr: (text: string) => void,
): Promise<LocalHome> {
  const home = openHome(root)
  const joined = joinedDoor(home)
  const config = await configOf(deps, home)
  if (joined) return (await import('./link-home.ts')).openLinkHome(deps, home, joined, config)
  const place = storeDeps(deps, home)
  const opened = await openStore({
    ...place,
    onUpgrade: tellUpgrade(stderr),
  })
  const { clock, steady } = place.postgres
    ? inDatabaseTime(deps.clock, place.steady)
    : { clock: deps.clock, steady: place.steady }
  const store = place.postgres ? withOwnSessions(opened, () => ownName(home, opened, clock.now())) : opened
  const host = place.postgres && knownName(home)
  const tokens = lazyTokens(deps, home, store)
  let writes: WriteWatch | undefined
  return {
    paths: home,
    get config() {
      return config()
    },
    get baseUrl() {
      return servedBase(home) ?? baseUrl(config().server, runningUrl(home))
    },
    store,
    tokens,
    clock,
    skew: steady.skew,
    ...(host && { host }),
    ...agentsHere({ env: deps.env, host, ...{ home, config, store, tokens, clock } }),
    nextLook: (signal) => {
      if (place.postgres) return pause(lookMs, signal)
      writes ??= watchWrites(home.databaseFile)
      return writes.nextLook(signal)
    },
    close: async () => {
      writes?.close()
      await store.close()
    },
  }
}

export const tellUpgrade = (stderr: (text: string) => void) => (copy: string) =>
  stderr(`The database was upgraded; as it was before it lies in ${copy}\n`)

/** The configuration, which throws what is wrong with it when it is asked for. */
async function configOf({ env }: ProcessDeps, home: Home): Promise<() => Config> {
  const loaded = await loadConfig({ home, env, flags: {}, ignoreSecretProblems: true }).catch(asFailure)
  return () => {
    if (loaded instanceof Failure) throw loaded
    return loaded
  }
}

function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown
  throw thrown
}

/** What a command opens the store of a home with. */
export function storeDeps(
  deps: ProcessDeps,
  home: Home,
): StoreDeps & { readonly keysDir: string; readonly steady: SteadyClock } {
  const { platform, clock } = deps
  const { databaseFile: path, revokedFile, keysDir, serverLock } = home
  const steady = openSteadyClock(clock)
  const address = storeAddress(deps.env, home)
  return {
    ...{ platform, path, revokedFile, keysDir, serverLock, steady, now: clock.now, role: 'client' },
    ...(address !== undefined && { postgres: postgresAt(deps, address) }),
  }
}

/** Opens the store of a home for one act. */
export async function withStore<T>(
  deps: ProcessDeps,
  home: Home,
  act: (store: Store) => Promise<T>,
  accepted?: StoreDeps['accepted'],
): Promise<T> {
  const joined = joinedDoor(home)
  const store = joined
    ? (await (await import('./link-home.ts')).openLinkedStore(deps, joined)).store
    : await openStore({ ...storeDeps(deps, home), ...(accepted && { accepted }) })
  try {
    return await act(store)
  } finally {
    await store.close()
  }
}

export const postgresAt = ({ storeThread }: Pick<ProcessDeps, 'storeThread'>, url: string): PostgresDeps => ({
  url,
  entry: storeThread.href,
  sender: crypto.randomUUID(),
})

/** How often a database on another machine is asked whether anything changed. Milliseconds. */
const lookMs = 200

/** Reads the keys at the first token that is minted or read. */
function lazyTokens({ env, clock }: ProcessDeps, home: Home, store: KnowsKeys): Tokens {
  const open = async () => {
    const [{ openSigningKeys }, { commandKeys }, { createTokens }] = await Promise.all([
      import('./signing-keys.ts'),
      import('./key-source.ts'),
      import('../auth/tokens.ts'),
    ])
    return createTokens({ keys: await openSigningKeys(home, commandKeys(env, home), store, clock) })
  }
  let tokens: Promise<Tokens> | undefined
  const opened = () => {
    tokens ??= open()
    return tokens
  }
  return {
    mint: async (claims) => (await opened()).mint(claims),
    read: async (token) => (await opened()).read(token),
  }
}
