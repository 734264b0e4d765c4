import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { openAdminToken, openKeys } from '../auth/keys.ts'
import { createTokens } from '../auth/tokens.ts'
import type { Io, ServeFlags } from '../cli/context.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import { allDrivers } from '../drivers/index.ts'
import { createLog } from '../log.ts'
import { lockHome } from '../store/lock.ts'
import { openStore } from '../store/sqlite.ts'
import { type ConfigWatcher, watchConfig } from './config-watcher.ts'
import { openHome } from './home.ts'
import type { ProcessDeps } from './local-home.ts'
import { openServer } from './server.ts'

/** Serves one home until `io.stopping`. Resolves with the exit code; throws what keeps it from starting. */
export async function serve(deps: ProcessDeps, io: Io, root: string, flags: ServeFlags): Promise<number> {
  const home = openHome(root)
  const lock = lockHome(deps.platform, home.serverLock)
  try {
    let level: () => 'debug' | 'info' | 'warn' | 'error' = () => 'info'
    const log = createLog({
      write: io.stderr,
      now: io.now,
      level: () => level(),
      format: io.terminal.stderr ? 'text' : 'json',
    })
    const watcher = await watchConfig({ home, env: deps.env, flags, log })
    level = () => watcher.now().server.logLevel
    return await serveWith(deps, io, home, watcher, log)
  } finally {
    lock.release()
  }
}

async function serveWith(
  deps: ProcessDeps,
  io: Io,
  home: Home,
  watcher: ConfigWatcher,
  log: ReturnType<typeof createLog>,
): Promise<number> {
  const { clock, platform, env } = deps
  for (const warning of watcher.now().warnings) log('warn', 'config.warning', { warning })
  const keys = openKeys(home.keysDir, clock)
  const adminToken = openAdminToken(home.keysDir)
  const { databaseFile: path, revokedFile } = home
  const onUpgrade = (copy: string) => log('info', 'store.upgraded', { copy })
  const store = await openStore({ platform, path, revokedFile, now: clock.now, role: 'server', onUpgrade })
  const tls = await tlsOf(watcher)
  try {
    const server = await openServer({
      ...{ platform, home, store, clock, log },
      userHome: io.userHome,
      version: io.program.version,
      config: watcher.now,
      tokens: createTokens({ keys }),
      adminToken: () => adminToken,
      drivers: allDrivers(env, () => watcher.now().skills.dirs),
      ...(tls && { tls }),
    })
    leaveWord(home, server.url)
    io.stderr(`Listening on ${server.url}\n`)
    const stopReloading = onHangup(watcher)
    await untilStopped(io.stopping)
    log('info', 'server.stopping')
    rmSync(wordFile(home), { force: true })
    await server.close()
    stopReloading()
    return 0
  } finally {
    watcher.close()
    await store.close()
  }
}

interface TlsTexts {
  readonly cert: string
  readonly key: string
}

/** Tried before anything listens: what a runtime says of them later does not name the files. Throws `config_invalid`. */
async function tlsOf(watcher: ConfigWatcher): Promise<TlsTexts | undefined> {
  const { tls } = watcher.now().server
  if (!tls) return undefined
  try {
    const texts = { cert: readFileSync(tls.certFile, 'utf8'), key: readFileSync(tls.keyFile, 'utf8') }
    const { createSecureContext } = await import('node:tls')
    createSecureContext(texts)
    return texts
  } catch (cause) {
    throw new Failure(
      'config_invalid',
      `TLS does not work with ${tls.certFile} and ${tls.keyFile}: ${reasonOf(cause)}. Both must be PEM files, and the key that of the certificate.`,
      { cause },
    )
  }
}

const wordFile = (home: Home): string => `${home.runDir}/server.json`

/** Where this server is, for the commands of the same home. */
const leaveWord = (home: Home, url: string): void =>
  writeFileSync(wordFile(home), `${JSON.stringify({ pid: process.pid, url })}\n`, { mode: 0o600 })

function onHangup(watcher: ConfigWatcher): () => void {
  const reload = () => void watcher.reload()
  process.on('SIGHUP', reload)
  return () => process.off('SIGHUP', reload)
}

const untilStopped = (stopping: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (stopping.aborted) resolve()
    else stopping.addEventListener('abort', () => resolve(), { once: true })
  })
