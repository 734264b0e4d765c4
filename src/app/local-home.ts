import type { LocalHome } from '../cli/context.ts'
import { type Config, loadConfig } from '../config/load.ts'
import { secretVariables } from '../config/secret-variables.ts'
import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import type { Clock, StoreMaintenance, Tokens } from '../domain/ports.ts'
import { createLog } from '../log.ts'
import { openSelf, renewSelves } from '../manage/own-session.ts'
import { baseUrl } from '../manage/urls.ts'
import type { Platform } from '../platform/platform.ts'
import type { StoreDeps } from '../store/context.ts'
import { openStore } from '../store/sqlite.ts'
import { openSteadyClock } from '../store/steady-clock.ts'
import { type WriteWatch, watchWrites } from '../store/write-watch.ts'
import { openHome } from './home.ts'
import { runningUrl, servedBase } from './server-file.ts'

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
  const loaded = await loadConfig({ home, env: deps.env, flags: {}, ignoreSecretProblems: true }).catch(
    asFailure,
  )
  const config = (): Config => {
    if (loaded instanceof Failure) throw loaded
    return loaded
  }
  const { clock } = deps
  const store = await openStore({
    ...storeDeps(deps, home),
    onUpgrade: (copy) => stderr(`The database was upgraded; as it was before it lies in ${copy}\n`),
  })
  const drivers = async () => {
    const [{ allDrivers }, secrets] = await Promise.all([
      import('../drivers/index.ts'),
      secretVariables(home.configFile, deps.env),
    ])
    return allDrivers(
      deps.env,
      () => config().skills.dirs,
      () => secrets,
    )
  }
  const tokens = lazyTokens(home, store, clock)
  const selves = { paths: home, store, tokens, clock }
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
    drivers,
    connect: async (session) => {
      const driver = (await drivers()).get(session.driver)
      return driver?.connect(session, {
        runDir: home.runDir,
        now: clock.now,
        log: createLog({ write: () => {}, now: clock.now, level: () => 'error', format: 'text' }),
        remember: (settings) => store.updateSettings(session.id, session.generation, settings),
      })
    },
    selves: {
      open: async (session) => void (await openSelf(selves, session)),
      renew: () => renewSelves(selves),
    },
    nextLook: (signal) => {
      writes ??= watchWrites(home.databaseFile)
      return writes.nextLook(signal)
    },
    close: async () => {
      writes?.close()
      await store.close()
    },
  }
}

/** What a command opens the store of a home with. */
export function storeDeps(
  { platform, clock }: ProcessDeps,
  home: Home,
): StoreDeps & { readonly keysDir: string } {
  const { databaseFile: path, revokedFile, keysDir, serverLock } = home
  const steady = openSteadyClock(clock)
  return { platform, path, revokedFile, keysDir, serverLock, steady, now: clock.now, role: 'client' }
}

function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown
  throw thrown
}

/** Reads the keys at the first token that is minted or read. */
function lazyTokens(home: Home, store: StoreMaintenance, clock: Clock): Tokens {
  const open = async () => {
    const [{ openSigningKeys }, { createTokens }] = await Promise.all([
      import('./signing-keys.ts'),
      import('../auth/tokens.ts'),
    ])
    return createTokens({ keys: await openSigningKeys(home, store, clock) })
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
