import type { Discovered, DiscoveryPlace } from '../../domain/driver.ts'
import { installed, type Runnable } from '../agents/installed.ts'
import { connectServer } from './connect.ts'
import { type OpenThread, openThreads } from './open-threads.ts'
import { daemonSocket } from './settings.ts'

/** The conversations that the daemon of this user has open, and the program. */
export async function discoverCodex(place: DiscoveryPlace): Promise<readonly Discovered[]> {
  return (await Promise.all([openHere(place), installed(place, [runnable])])).flat()
}

const runnable: Runnable = {
  program: 'codex',
  how: 'kept running, over its app server',
  way: 'own',
  id: 'codex',
  add: ['--driver', 'codex', '--', 'codex', 'app-server'],
}

async function openHere({ env, userHome, reached, signal }: DiscoveryPlace): Promise<readonly Discovered[]> {
  const socket = daemonSocket(env, userHome)
  const threads = await threadsAt(socket, signal)
  const taken = new Set(reached.map(({ threadId }) => threadId))
  return threads.filter(({ id }) => !taken.has(id)).map((thread) => described(thread, socket))
}

async function threadsAt(path: string, signal: AbortSignal): Promise<readonly OpenThread[]> {
  try {
    const server = await connectServer({ kind: 'socket', path }, {}, signal)
    const close = () => void server.close()
    signal.addEventListener('abort', close)
    try {
      return await openThreads(server)
    } finally {
      signal.removeEventListener('abort', close)
      await server.close()
    }
  } catch {
    return []
  }
}

const states = { idle: 'idle', busy: 'busy', waits: 'waiting for a person' } as const

function described({ id, cwd, title, state }: OpenThread, socket: string): Discovered {
  const named = title === '' ? '' : ` ("${title}")`
  return {
    what: `codex conversation${named} in ${cwd}, ${states[state]}`,
    live: true,
    way: 'own',
    id: 'codex',
    add: ['--driver', 'codex', '--socket', socket, '--set', `threadId=${id}`],
  }
}
