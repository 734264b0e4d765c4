import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { openAdminToken, openKeys } from '../auth/keys.ts'
import { createTokens } from '../auth/token.ts'
import type { Io, ServeFlags } from '../cli/context.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import { allDrivers } from '../drivers/index.ts'
import { createLog } from '../log.ts'
import { lockHome } from '../store/lock.ts'
import { openStore } from '../store/sqlite.ts'
import { type LivingConfig, openLivingConfig } from './config-watcher.ts'
import { openHome } from './home.ts'
import type { KeeperNeeds } from './local-home.ts'
import { openServer } from './server.ts'

/** Serves one home until `io.stopping`. Resolves with the exit code; throws what keeps it from starting. */
export async function serve(needs: KeeperNeeds, io: Io, root: string, flags: ServeFlags): Promise<number> {
  const home = openHome(root)
  const lock = lockHome(needs.platform, `${home.runDir}/server.lock`)
  try {
    let level: () => 'debug' | 'info' | 'warn' | 'error' = () => 'info'
    const log = createLog({
      write: io.stderr,
      now: io.now,
      level: () => level(),
      format: io.terminal.stderr ? 'text' : 'json',
    })
    const living = await openLivingConfig({ home, env: needs.env, flags, log })
    level = () => living.now().server.logLevel
    return await serveWith(needs, io, home, living, log)
  } finally {
    lock.release()
  }
}

async function serveWith(
  needs: KeeperNeeds,
  io: Io,
  home: Home,
  living: LivingConfig,
  log: ReturnType<typeof createLog>,
): Promise<number> {
  const { clock, platform, env } = needs
  for (const warning of living.now().warnings) log('warn', 'config.warning', { warning })
  const keys = openKeys(home.keysDir, clock)
  const adminToken = openAdminToken(home.keysDir)
  const { databaseFile: path, revokedFile } = home
  const store = await openStore({ platform, path, revokedFile, now: clock.now, role: 'server' })
  const tls = await tlsOf(living)
  try {
    const server = await openServer({
      ...{ platform, home, store, clock, log },
      userHome: io.userHome,
      version: io.program.version,
      config: living.now,
      tokens: createTokens({ keys }),
      adminToken: () => adminToken,
      drivers: allDrivers(env, () => living.now().skills.dirs),
      ...(tls && { tls }),
    })
    leaveWord(home, server.url)
    io.stderr(`Listening on ${server.url}\n`)
    const stopReloading = onHangup(living)
    await untilStopped(io.stopping)
    log('info', 'server.stopping')
    rmSync(wordFile(home), { force: true })
    await server.close()
    stopReloading()
    return 0
  } finally {
    living.close()
    await store.close()
  }
}

interface TlsTexts {
  readonly cert: string
  readonly key: string
}

/** Tried before anything listens: what a runtime says of them later does not name the files. Throws `config_invalid`. */
async function tlsOf(living: LivingConfig): Promise<TlsTexts | undefined> {
  const { tls } = living.now().server
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

function onHangup(living: LivingConfig): () => void {
  const reload = () => void living.reload()
  process.on('SIGHUP', reload)
  return () => process.off('SIGHUP', reload)
}

const untilStopped = (stopping: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (stopping.aborted) resolve()
    else stopping.addEventListener('abort', () => resolve(), { once: true })
  })
