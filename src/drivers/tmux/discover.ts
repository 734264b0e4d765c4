import { join } from 'node:path'
import type { Discovered, DiscoveryPlace } from '../../domain/driver.ts'
import { agentInFront } from '../agents/foreground.ts'
import { type AgentKind, isAgentKind } from '../agents/kinds.ts'
import { namesIn } from '../process/files.ts'
import { openTmux } from './call.ts'

/** Panes of this user's tmux servers in which a known agent is in front. */
export async function discoverPanes(place: DiscoveryPlace): Promise<readonly Discovered[]> {
  const panes = await Promise.all((await socketsOf(place.env)).map((socket) => panesOf(place, socket)))
  const open = panes.flat().filter((pane) => !isReached(pane, place))
  const found = await Promise.all(open.map((pane) => describe(pane, place)))
  return found.filter((one) => one !== undefined)
}

/** Where tmux puts its sockets, and the one this shell runs in. */
async function socketsOf(env: DiscoveryPlace['env']): Promise<readonly string[]> {
  const folder = socketFolder(env)
  const names = await namesIn(folder)
  const own = ownSocket(env)
  return [...new Set([...(own ? [own] : []), ...names.map((name) => join(folder, name))])]
}

const socketFolder = ({ TMUX_TMPDIR }: DiscoveryPlace['env']): string =>
  join(TMUX_TMPDIR || '/tmp', `tmux-${process.getuid?.() ?? 0}`)

const ownSocket = ({ TMUX }: DiscoveryPlace['env']): string | undefined =>
  TMUX?.replace(/,[^,]*,[^,]*$/, '') || undefined

interface Pane {
  readonly socket: string
  readonly serverPid: number
  readonly id: string
  readonly pid: number
  /** As tmux names what is in front: for a script that is its interpreter. */
  readonly program: string
  readonly place: string
  readonly cwd: string
}

const format = [
  ...['#{pid}', '#{pane_id}', '#{pane_pid}', '#{pane_dead}', '#{pane_current_command}'],
  ...['#{session_name}:#{window_index}.#{pane_index}', '#{pane_current_path}'],
].join('\t')

async function panesOf({ env, signal }: DiscoveryPlace, socket: string): Promise<readonly Pane[]> {
  const result = await openTmux(['-S', socket], env, () => signal)(['list-panes', '-a', '-F', format])
  if (result.kind !== 'ok') return []
  return result.stdout.split('\n').flatMap((line): readonly Pane[] => {
    const [serverPid, id, pid, dead, program, place, ...cwd] = line.split('\t')
    if (!id || !program || !place || dead === '1') return []
    return [
      { socket, serverPid: Number(serverPid), id, pid: Number(pid), program, place, cwd: cwd.join('\t') },
    ]
  })
}

const isReached = (pane: Pane, { reached }: DiscoveryPlace): boolean =>
  reached.some(
    ({ serverPid, paneId, panePid }) =>
      serverPid === pane.serverPid && paneId === pane.id && panePid === pane.pid,
  )

async function describe(pane: Pane, { env }: DiscoveryPlace): Promise<Discovered | undefined> {
  const agent = await agentIn(pane)
  if (!agent) return undefined
  const usual = ownSocket(env) ?? join(socketFolder(env), 'default')
  return {
    what: `${agent} in tmux pane ${pane.id} (${pane.place}), in ${pane.cwd}`,
    live: true,
    way: 'typed',
    id: agent,
    add: [
      ...['--driver', 'tmux', '--target', pane.id],
      ...(pane.socket === usual ? [] : ['--socket', pane.socket]),
      ...(isAgentKind(pane.program) ? [] : ['--set', `agent=${agent}`]),
    ],
  }
}

async function agentIn({ program, pid }: Pane): Promise<AgentKind | undefined> {
  return isAgentKind(program) ? program : agentInFront(pid)
}
