import { X509Certificate } from 'node:crypto'
import type { Io, JoinOrder } from '../cli/context.ts'
import { Failure, mayPass, reasonOf } from '../domain/error.ts'
import { allDrivers } from '../drivers/index.ts'
import { doorClient } from '../link/client.ts'
import { requireDoorUrl } from '../link/door-url.ts'
import { attach, hello } from '../link/hello.ts'
import { createLog } from '../log.ts'
import { holdsAnything } from '../store/inspect.ts'
import { lockHome } from '../store/lock.ts'
import { pause } from '../wait.ts'
import { watchConfig } from './config-watcher.ts'
import { openHome } from './home.ts'
import { forgetDoor, type JoinedDoor, joinedDoor, rememberDoor } from './joined-door.ts'
import type { ProcessDeps } from './local-home.ts'
import { serveHost } from './serve-host.ts'

/** Runs the agents of this machine for a door elsewhere until `io.stopping`. Resolves with the exit code. */
export async function join(deps: ProcessDeps, io: Io, root: string, order: JoinOrder): Promise<number> {
  const home = openHome(root)
  const lock = lockHome(deps.platform, home.serverLock)
  try {
    // A command that only looked leaves a database, too: nothing of this home's own is in that.
    if (holdsAnything({ platform: deps.platform, path: home.databaseFile })) throw ownStore(home.databaseFile)
    const before = joinedDoor(home)
    const joined = order.url === undefined ? before : await ordered(io, order, order.url, before)
    if (!joined) throw new Failure('usage', noDoor)
    const client = doorClient(joined)
    const log = createLog({
      write: io.stderr,
      now: io.now,
      level: () => 'info',
      format: io.terminal.stderr ? 'text' : 'json',
    })
    const watcher = await watchConfig({ home, env: deps.env, flags: {}, log })
    try {
      const away = (why: string) => log('warn', 'door.away', { why })
      const door = await reached(() => hello(client), io.stopping, away)
      const attached = door && (await reached(() => attach(client), io.stopping, away))
      if (!attached) return 0
      // Only what the door knows is kept.
      if (order.url !== undefined) rememberDoor(home, joined)
      io.stderr(`Joined ${joined.url} as "${door.host}"\n`)
      if (door.version !== io.program.version) log('warn', 'door.version', { door: door.version })
      await serveHost(
        {
          ...{ home, userHome: io.userHome, config: watcher.now, clock: deps.clock, log, client },
          ...{ joined, host: door.host, attached },
          drivers: allDrivers(deps.env, () => watcher.now().skills.dirs, watcher.secretVariables),
        },
        io.stopping,
      )
      return 0
    } finally {
      watcher.close()
      client.close()
    }
  } finally {
    lock.release()
  }
}

/** The home is no door's any more. Throws `usage` where it has joined none. */
export function leave(deps: ProcessDeps, root: string): { readonly url: string } {
  const home = openHome(root)
  const lock = lockHome(deps.platform, home.serverLock)
  try {
    const joined = joinedDoor(home)
    if (!joined) throw new Failure('usage', 'This home has joined no door.')
    forgetDoor(home)
    return { url: joined.url }
  } finally {
    lock.release()
  }
}

const noDoor =
  'This home has joined no door yet. At the door: postern hosts add <name>; here: postern join https://door.example.com --token-file F'

const ownStore = (file: string): Failure =>
  new Failure(
    'usage',
    `This home is a door itself: it keeps its messages in ${file}. Join from a home of its own, with --home DIR or POSTERN_HOME.`,
  )

async function ordered(
  io: Pick<Io, 'read'>,
  { tokenFile, ca }: JoinOrder,
  url: string,
  before: JoinedDoor | undefined,
): Promise<JoinedDoor> {
  const address = requireDoorUrl(url)
  const same = before?.url === address ? before : undefined
  const token = tokenFile === undefined ? same?.token : tokenIn(await io.read(tokenFile))
  if (token === undefined)
    throw new Failure(
      'usage',
      'Give the token of this host with --token-file F; the door made it: postern hosts add',
    )
  const trusted = ca === undefined ? same?.ca : certificatesIn(ca, await io.read(ca))
  return { url: address, token, ...(trusted !== undefined && { ca: trusted }) }
}

function tokenIn(bytes: Uint8Array): string {
  const token = new TextDecoder().decode(bytes).trim()
  if (/^[\w-]{20,200}$/.test(token)) return token
  throw new Failure('usage', 'The file of the token must hold that token and nothing else.')
}

function certificatesIn(file: string, bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes)
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    for (const one of found) new X509Certificate(one)
    if (found.length > 0) return text
  } catch {
    // One of them is broken.
  }
  throw new Failure(
    'usage',
    `${file} must hold the certificates in PEM (BEGIN CERTIFICATE) by which the one of the door is signed.`,
  )
}

const againMs = 2000

/** Asks until the door answers. What it refuses is thrown; undefined when stopped meanwhile. */
async function reached<T>(
  ask: () => Promise<T>,
  stopping: AbortSignal,
  away: (why: string) => void,
): Promise<T | undefined> {
  let before = ''
  while (!stopping.aborted) {
    try {
      return await ask()
    } catch (thrown) {
      if (!mayPass(thrown)) throw thrown
      if (before !== reasonOf(thrown)) away(reasonOf(thrown))
      before = reasonOf(thrown)
    }
    await pause(againMs, stopping)
  }
  return undefined
}
