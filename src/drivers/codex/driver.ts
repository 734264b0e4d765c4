import { homedir } from 'node:os'
import type { Connection, Driver, DriverTools, Readiness } from '../../domain/driver.ts'
import { Failure, reasonOf } from '../../domain/error.ts'
import { isLoopback } from '../../domain/loopback.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { DriverSettings, Session } from '../../domain/session.ts'
import { type AgentOrder, type Started, startAgent } from '../agent-process/agent.ts'
import type { Child } from '../agent-process/child.ts'
import { ownedDriver } from '../agent-process/driver.ts'
import type { OwnedDeps } from '../agent-process/opening.ts'
import { blockedBy } from '../blocked.ts'
import { listensOnPort, listensOnSocket } from '../process/ports.ts'
import { agentOn } from './agent.ts'
import { type AppServer, connectChild } from './app-server.ts'
import { askedNow } from './asked.ts'
import { connectServer, whyUnreachable } from './connect.ts'
import { discoverCodex } from './discover.ts'
import { type OpenThread, openThreads } from './open-threads.ts'
import { watchApprovals } from './requests.ts'
import { type CodexServer, type CodexSettings, daemonSocket, parseCodex, storedCodex } from './settings.ts'
import { begin, load } from './thread.ts'

/**
 * A conversation of codex, by its app server: the daemon that every plain `codex` attaches to, where the person who has
 * the conversation open sees what comes in; a server that listens on a WebSocket; or a process of our own.
 * To read on: settings, connect with app-server and websocket; agent, turn, thread, outcome, approval, asked, requests; discover, open-threads.
 */
export function codexDriver(deps: OwnedDeps): Driver {
  const driver = conversations(deps)
  return {
    ...driver,
    prepare: (settings, { cwd }) => prepare(deps, settings, cwd),
    carries: async ({ settings }, { pid }) => carries(parseCodex(settings, '/').server, pid),
    connect: (session, tools) => watched(deps, driver.connect(session, tools), session, tools),
  }
}

const conversations = (deps: OwnedDeps): Driver =>
  ownedDriver(deps, {
    kind: 'codex',
    summary: 'a conversation that codex has open (codex app-server), or a codex of its own',
    parse: parseCodex,
    stored: storedCodex,
    start: (order, settings, signal) =>
      settings.server.kind === 'command'
        ? startAgent(order, signal, (child) => opened(child, order, settings))
        : reached(deps, settings, signal),
    foreign: ({ server }) => server.kind !== 'command',
    recovers: true,
    discover: discoverCodex,
  })

/** On a server that others use as well, what codex asks people is told whole, and asked of those afar, too. */
function watched(
  { env }: OwnedDeps,
  connection: Connection,
  session: Session,
  { decisions, now }: DriverTools,
): Connection {
  const settings = parseCodex(session.settings, '/')
  if (settings.server.kind === 'command') return connection
  const asked = rarely(now, (signal) => askedNow(settings, env, signal))
  if (!decisions) return { ...connection, state: stateWith(connection, asked) }
  const over = new AbortController()
  const watching = watchApprovals(settings, env, decisions, over.signal)
  const after = (act: () => Promise<void>) => async () => {
    over.abort()
    await Promise.all([act(), watching.over])
  }
  return {
    ...connection,
    state: stateWith(connection, async (signal) => watching.first() ?? asked(signal)),
    end: after(connection.end),
    close: after(connection.close),
  }
}

const stateWith =
  ({ state }: Connection, asked: (signal: AbortSignal) => Promise<string | undefined>) =>
  async (signal: AbortSignal): Promise<Readiness> => {
    const seen = await state(signal)
    const asks = seen.kind === 'blocked' ? await asked(signal) : undefined
    return asks === undefined ? seen : blockedBy(asks)
  }

/** How long what codex asks is taken to be the same. */
const sameMs = 3000

/** Asks again when the last answer is that old. */
function rarely<T>(now: () => number, ask: (signal: AbortSignal) => Promise<T>): typeof ask {
  let last: { readonly at: number; readonly answer: Promise<T> } | undefined
  return (signal) => {
    if (!last || now() - last.at > sameMs) last = { at: now(), answer: ask(signal) }
    return last.answer
  }
}

/** Its app server, which may have other conversations as well. */
async function carries(server: CodexServer, pid: number): Promise<boolean> {
  if (server.kind === 'socket') return listensOnSocket(pid, server.path)
  const { hostname = '', port = '' } = (server.kind === 'url' && URL.parse(server.url)) || {}
  return isLoopback(hostname) && listensOnPort(pid, Number(port))
}

async function opened(child: Child, order: AgentOrder, settings: CodexSettings): Promise<Started> {
  const server = await connectChild(child)
  const { conversation } = order
  const state = conversation === undefined ? undefined : await load(server, conversation, true)
  if (state?.kind === 'trouble') throw new Error(`the conversation cannot be resumed: ${state.why}`)
  const known = state !== undefined && state.kind !== 'unknown' ? conversation : undefined
  const id = known ?? (await begin(server, order.cwd))
  const thread = { server: server, id, shared: false, permissions: settings.permissions }
  return { kind: 'agent', agent: agentOn(thread, conversation !== undefined && !known, order.cwd) }
}

async function reached(deps: OwnedDeps, settings: CodexSettings, signal: AbortSignal): Promise<Started> {
  const { conversation: id, cwd } = settings
  if (id === undefined) return { kind: 'failed', why: 'no threadId is set', retry: false }
  try {
    const server = await connectServer(settings.server, deps.env, signal)
    return {
      kind: 'agent',
      agent: agentOn({ server: server, id, shared: true, permissions: [] }, false, cwd),
    }
  } catch (thrown) {
    return offline(settings, thrown)
  }
}

const offline = ({ server }: CodexSettings, thrown: unknown): Outcome => ({
  kind: 'offline',
  why: whyUnreachable(server, thrown),
})

/** How long a server may take to tell what is open. */
const prepareMs = 10_000

/** A conversation that is not named is the one that is open; with several, the one in the same directory. */
async function prepare(deps: OwnedDeps, given: DriverSettings, cwd: string): Promise<DriverSettings> {
  const named = ['socket', 'url', 'command'].some((way) => given[way] !== undefined)
  const settings = parseCodex(named ? given : { ...given, socket: daemonSocket(deps.env, homedir()) }, cwd)
  if (settings.server.kind === 'command' || settings.conversation !== undefined) return storedCodex(settings)
  const patience = AbortSignal.timeout(prepareMs)
  const server = await connectServer(settings.server, deps.env, patience).catch((thrown: unknown) => {
    throw new Failure('usage', `The codex driver found nobody: ${whyUnreachable(settings.server, thrown)}.`)
  })
  try {
    const { id, cwd: where } = await chosen(server, settings.cwd)
    return storedCodex({ ...settings, conversation: id, cwd: where })
  } finally {
    await server.close()
  }
}

async function chosen(server: AppServer, cwd: string): Promise<OpenThread> {
  const open = await openThreads(server).catch((thrown: unknown) => {
    throw new Failure('usage', `The codex driver was not told what is open: ${reasonOf(thrown)}.`)
  })
  const here = open.filter((thread) => thread.cwd === cwd)
  const [one, ...others] = here.length > 0 ? here : open
  if (one && others.length === 0) return one
  if (!one) throw new Failure('usage', 'The codex driver found no open conversation: start codex first.')
  const list = [one, ...others].map(({ id, cwd: where, title }) => `\n  ${id}  ${where}  ${title}`).join('')
  throw new Failure(
    'usage',
    `The codex driver found several conversations; give --set threadId=… of one:${list}`,
  )
}
