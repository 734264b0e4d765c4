import { existsSync } from 'node:fs'
import { followAdminToken, givenAdminToken } from '../auth/admin-token.ts'
import { createTokens } from '../auth/tokens.ts'
import type { Io, ServeFlags } from '../cli/context.ts'
import { type Config, loadConfig } from '../config/load.ts'
import { readTls } from '../config/tls.ts'
import { Failure } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import type { HostName } from '../domain/host.ts'
import { adminTokenVariable, keysVariable } from '../domain/key-variables.ts'
import { isLoopback } from '../domain/loopback.ts'
import type { DoorStore, Log } from '../domain/ports.ts'
import { allDrivers } from '../drivers/index.ts'
import { createLog } from '../log.ts'
import { baseUrl } from '../manage/urls.ts'
import { welcomeLines } from '../manage/welcome.ts'
import { lockHome } from '../store/lock.ts'
import type { Listener } from '../store/postgres/listen.ts'
import { openSteadyClock } from '../store/steady-clock.ts'
import { openThreadedStore } from '../store/threads/store.ts'
import { type Doors, joinDoors, onlyDoor } from './among-doors.ts'
import { type ConfigWatcher, watchConfig } from './config-watcher.ts'
import { createFactsPublisher } from './door-facts.ts'
import { heardCommits } from './heard-commits.ts'
import { openHome } from './home.ts'
import { type JoinedDoor, joinedDoor } from './joined-door.ts'
import { keySource } from './key-source.ts'
import { type ProcessDeps, postgresAt } from './local-home.ts'
import { openServer } from './server.ts'
import { serverClient } from './server-client.ts'
import { type ServerFile, writeServerFile } from './server-file.ts'
import { openSigningKeys } from './signing-keys.ts'
import { inDatabaseTime } from './store-time.ts'

/** Serves one home until `io.stopping`. Resolves with the exit code; throws what keeps it from starting. */
export async function serve(deps: ProcessDeps, io: Io, root: string, flags: ServeFlags): Promise<number> {
  const home = openHome(root)
  const joined = joinedDoor(home)
  if (joined) throw joinedAlready(joined)
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

const joinedAlready = ({ url }: JoinedDoor): Failure =>
  new Failure(
    'usage',
    `This home has joined the door at ${url}: its agents are run by postern join. To make it a door of its own: postern leave`,
  )

async function serveWith(
  deps: ProcessDeps,
  io: Io,
  home: Home,
  watcher: ConfigWatcher,
  log: Log,
): Promise<number> {
  const { platform, env } = deps
  for (const warning of watcher.now().warnings) log('warn', 'config.warning', { warning })
  const tls = await readTls(watcher.now().server)
  const [source, givenToken] = [keySource(env, home), givenAdminToken(env)]
  const given = [keysVariable, adminTokenVariable].filter((name) => env[name])
  const own = openSteadyClock(deps.clock)
  const { databaseFile: path, revokedFile, keysDir } = home
  const onUpgrade = (copy: string) => log('info', 'store.upgraded', { copy })
  const death = Promise.withResolvers<never>()
  // The flag, variable or configuration of this start decides, never the server file of an earlier one.
  const { store: address } = watcher.now()
  const postgres = address === undefined ? undefined : postgresAt(deps, address)
  let listener: Listener | undefined
  const store = await openThreadedStore({
    heardEdits: () => listener?.edits(),
    ...(postgres && { postgres }),
    ...{ platform, path, revokedFile, keysDir, steady: own, onUpgrade },
    ...{ entry: deps.storeThread, now: deps.clock.now },
    onDeath: (why) => death.reject(new Failure('internal', `The server cannot store any more: ${why}.`)),
  })
  listener = postgres && (await import('../store/postgres/listen.ts')).listenTo({ ...postgres, log })
  const relay = postgres && (await import('../store/postgres/relay.ts')).openRelay(postgres.url)
  let doors: Doors | undefined
  try {
    // Its threads have asked the database for the time.
    if (postgres) own.resume({ skew: await store.skew(), seen: 0 })
    const { clock, steady } = postgres ? inDatabaseTime(deps.clock, own) : { clock: deps.clock, steady: own }
    const keys = await openSigningKeys(home, source, store, steady)
    const adminToken = givenToken === undefined ? followed(home, log) : () => givenToken
    const publishing = {
      ...{ home, env, config: watcher.now, keys, source, adminToken, store, steady, log },
      ...{ version: io.program.version, now: clock.now },
    }
    const publishFacts = (name: HostName) => createFactsPublisher({ ...publishing, name })
    doors = postgres
      ? await joinDoors({ ...{ home, store, steady, publishFacts }, now: clock.now })
      : onlyDoor(store)
    await doors.publishFacts()
    const server = await openServer({
      ...{ platform, home, clock, steady, log, doors },
      store: listener ? { ...doors.store, commits: heardCommits(store, listener) } : doors.store,
      onLost: death.reject,
      userHome: io.userHome,
      version: io.program.version,
      runtime: `${io.program.runtime}, ${io.program.target}`,
      config: watcher.now,
      tokens: createTokens({ keys }),
      ...{ lookAtKeys: keys.look, wallSkew: own.skew },
      ...{ adminToken, given },
      drivers: allDrivers(env, () => watcher.now().skills.dirs, watcher.secretVariables),
      ...(tls && { tls }),
      ...(listener && { listener }),
      ...(relay && { relay }),
    })
    await warnOfMissingFile(home, store, watcher, log)
    const stopAnnouncing = await announce(home, server.url, watcher.now, {
      ...(address !== undefined && { store: address }),
      given,
    })
    io.stderr(`Listening on ${server.url}\n`)
    if (io.terminal.stderr) await welcome(deps, io, home, store, watcher)
    const stopReloading = onHangup(watcher)
    await Promise.race([untilStopped(io.stopping), death.promise])
    log('info', 'server.stopping')
    stopAnnouncing()
    await server.close()
    stopReloading()
    return 0
  } finally {
    watcher.close()
    await doors?.leave().catch(() => {})
    listener?.close()
    relay?.close()
    await store.keepTime().catch(() => {})
    // A death in these last moments is an error, too, and hides no reason.
    await Promise.race([death.promise, store.close()])
  }
}

const followed = ({ keysDir }: Home, log: Log): (() => string) =>
  followAdminToken(keysDir, (why) => log('error', 'admin_token.broken', { why, kept: 'the token before it' }))

const newestForHooks = 100

/** A file that was there before the start is missed by nobody but the senders of hooks, who get 403. */
async function warnOfMissingFile(
  { configFile: file }: Home,
  store: Pick<DoorStore, 'counts' | 'listDeliveries'>,
  { now }: ConfigWatcher,
  log: Log,
): Promise<void> {
  if (existsSync(file) || now().webhooks.enabled) return
  // Spares a new home the thread that lists deliveries.
  const { deliveries } = await store.counts()
  if (Object.values(deliveries).every((count) => count === 0)) return
  const newest = await store.listDeliveries({ limit: newestForHooks })
  if (newest.some(({ source }) => source.kind === 'hook'))
    log('warn', 'config.missing', { file, why: 'hooks are off, and messages came by hooks before' })
}

/** For whoever started it by hand. */
async function welcome(
  { env }: ProcessDeps,
  io: Pick<Io, 'stderr'>,
  home: Home,
  store: Pick<DoorStore, 'listSessions'>,
  { now }: ConfigWatcher,
): Promise<void> {
  const { webhooks, server } = now()
  const lines = welcomeLines({
    link: await dashboardLink(env, home),
    sessions: await store.listSessions(),
    hooks: webhooks.enabled
      ? webhooks.hooks.filter(({ active }) => active).map(({ name }) => name)
      : undefined,
    configFile: home.configFile,
    publicUrl: server.publicUrl,
    loopback: isLoopback(server.host),
  })
  io.stderr(`\n${lines.join('\n')}\n\n`)
}

/** As `postern dashboard` prints it; undefined where the server gives none. */
async function dashboardLink(env: ProcessDeps['env'], { root }: Home): Promise<string | undefined> {
  const client = await serverClient(env, root)
  const answer = await client.request('POST', '/api/dashboard/links').catch(() => undefined)
  const { body } = answer ?? {}
  return typeof body === 'object' && body !== null && 'url' in body ? String(body.url) : undefined
}

const announceMs = 500

/** Tells the commands of this home where the server is, also when a changed configuration moves its public URL. */
async function announce(
  home: Home,
  url: string,
  config: () => Config,
  facts: Pick<ServerFile, 'store' | 'given'>,
): Promise<() => void> {
  const baseNow = () => baseUrl(config().server, url)
  const file = await loadConfig({ home, env: {}, flags: {}, ignoreSecretProblems: true })
  const overridden = baseNow() !== baseUrl(file.server)
  let base = baseNow()
  const write = (listening: Pick<ServerFile, 'url'>) =>
    writeServerFile(home, {
      ...{ ...listening, base, overridden, ...facts },
      isPublic: config().server.publicUrl !== undefined,
    })
  write({ url })
  const timer = setInterval(() => {
    if (baseNow() === base) return
    base = baseNow()
    write({ url })
  }, announceMs)
  return () => {
    clearInterval(timer)
    write({})
  }
}

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
