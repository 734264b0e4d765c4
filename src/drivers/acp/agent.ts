import type { Readable } from 'node:stream'
import { reasonOf } from '../../domain/error.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { isObject, type Json, type JsonObject, textAt } from '../command/output.ts'
import { endGroup, startProgram } from '../process.ts'
import { openSession } from './handshake.ts'
import { createRpc, type Reply, type Rpc } from './rpc.ts'

export interface AgentOrder {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The conversation to go on with. */
  readonly sessionId: string | undefined
  /** Runs before anything is said to the process. */
  readonly started: (pid: number) => Promise<void>
}

/** An agent's process with its conversation open. */
export interface Agent {
  readonly sessionId: string
  /** The conversation that was asked for is unknown to it, so this is a new one. */
  readonly lost: boolean
  running(): boolean
  prompt(text: string): Promise<Reply>
  cancel(): void
  /** Who hears of the conversation from now on. */
  listen(ears: TurnEars | undefined): void
  /** The names of what it can be told by a call, once it has said so; waits a moment for that. */
  commands(): Promise<readonly string[] | undefined>
  /** Ends its whole process group. */
  end(): Promise<void>
}

export interface TurnEars {
  readonly updated: (update: JsonObject) => void
  /** The answer to a request for permission. */
  readonly asked: (request: JsonObject) => Promise<Json>
}

export type Started = { readonly kind: 'agent'; readonly agent: Agent } | Outcome

/** Longest time from the start of a process to its open conversation: some are downloaded first. */
const startMs = 120_000
const killGraceMs = 1000
const loginRetryMs = 30_000

/** Starts the process and opens the conversation. Resolves with why not; ends the process when `signal` aborts. */
export async function startAgent(order: AgentOrder, signal: AbortSignal): Promise<Started> {
  try {
    return await open(await startWire(order), order, signal)
  } catch (thrown) {
    return { kind: 'failed', why: reasonOf(thrown), retry: true }
  }
}

async function open(wire: AgentWire, order: AgentOrder, signal: AbortSignal): Promise<Started> {
  const end = () => void wire.end('it was ended')
  const late = setTimeout(() => void wire.end(`it was not ready within ${startMs / 1000} s`), startMs)
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  try {
    await order.started(wire.pid)
    return await opened(wire, order)
  } catch (thrown) {
    await wire.end(reasonOf(thrown))
    throw thrown
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', end)
  }
}

async function opened(wire: AgentWire, { cwd, sessionId }: AgentOrder): Promise<Started> {
  const session = await openSession(wire.rpc, cwd, sessionId)
  if (session.kind === 'open') return { kind: 'agent', agent: agentOn(wire, session) }
  await wire.end(session.why)
  return session.login
    ? { kind: 'busy', why: `it waits for a login: ${session.why}`, retryAfterMs: loginRetryMs }
    : { kind: 'failed', why: `the agent is not ready: ${session.why}`, retry: true }
}

function agentOn(wire: AgentWire, { sessionId, lost }: Pick<Agent, 'sessionId' | 'lost'>): Agent {
  return {
    sessionId,
    lost,
    running: wire.running,
    prompt: (text) => wire.rpc.request('session/prompt', { sessionId, prompt: [{ type: 'text', text }] }),
    cancel: () => wire.rpc.notify('session/cancel', { sessionId }),
    listen: (ears) => {
      wire.heard.turn = ears
    },
    commands: async () => {
      await soon(wire.heard.named, commandsMs)
      return wire.heard.commands
    },
    end: () => wire.end('it was ended'),
  }
}

/** Agents tell their commands right behind the answer that opens a conversation. */
const commandsMs = 500

interface AgentWire {
  readonly pid: number
  readonly rpc: Rpc
  readonly heard: Heard
  running(): boolean
  end(why: string): Promise<void>
}

interface Heard {
  turn: TurnEars | undefined
  commands: readonly string[] | undefined
  readonly named: Promise<void>
}

async function startWire(order: AgentOrder): Promise<AgentWire> {
  const child = await startProgram(order.command, order)
  const { heard, rpc } = listening((line) => child.stdin.write(line))
  let running = true
  child.stdin.on('error', () => {})
  hearText(child.stdout, rpc.feed)
  const complaint = lastLine(child.stderr)
  const flushed = new Promise<void>((resolve) => child.stdout.once('close', resolve))
  child.once('exit', (code, signal) => {
    running = false
    // What its children keep open must not keep the turn waiting; adapters leave their real agents behind.
    void soon(flushed, lingerMs).then(() => {
      rpc.fail(exitText(code, signal, complaint()))
      return endGroup(child.pid, killGraceMs)
    })
  })
  return {
    pid: child.pid,
    rpc,
    heard,
    running: () => running,
    end: async (why) => {
      running = false
      rpc.fail(why)
      child.stdin.end()
      await endGroup(child.pid, killGraceMs)
    },
  }
}

const lingerMs = 200

function listening(write: (line: string) => void): { readonly heard: Heard; readonly rpc: Rpc } {
  const { promise: named, resolve } = Promise.withResolvers<void>()
  const heard: Heard = { turn: undefined, commands: undefined, named }
  const rpc = createRpc({
    write,
    notified: (method, { update }) => {
      if (method !== 'session/update' || !isObject(update)) return
      const commands = commandsIn(update)
      if (commands) heard.commands = commands
      if (commands) resolve()
      heard.turn?.updated(update)
    },
    asked: (method, params) =>
      method === 'session/request_permission' ? (heard.turn?.asked(params) ?? refused()) : undefined,
  })
  return { heard, rpc }
}

/** Nobody waits for it: no turn of ours runs. */
const refused = async (): Promise<Json> => ({ outcome: { outcome: 'cancelled' } })

function commandsIn(update: JsonObject): readonly string[] | undefined {
  const { sessionUpdate, availableCommands } = update
  if (sessionUpdate !== 'available_commands_update' || !Array.isArray(availableCommands)) return undefined
  return availableCommands.flatMap((command: Json) => {
    const name = textAt(command, 'name')
    return name === undefined ? [] : [name.replace(/^(?:[/$]|skill:)+/, '')]
  })
}

function hearText(stream: Readable, feed: (text: string) => void): void {
  stream.setEncoding('utf8')
  stream.on('error', () => {})
  stream.on('data', feed)
}

const tailLength = 4096
const maxComplaint = 300

/** The last line it complained with, fit to be shown. */
function lastLine(stream: Readable): () => string {
  let tail = ''
  hearText(stream, (text) => {
    tail = (tail + text).slice(-tailLength)
  })
  return () => {
    const lines = tail.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '').split(/[\r\n]+/)
    const shown = lines.map((line) => line.replace(/[\x00-\x20\x7f-\x9f]+/g, ' ').trim())
    return (shown.findLast((line) => line !== '') ?? '').slice(0, maxComplaint)
  }
}

function exitText(code: number | null, signal: string | null, complaint: string): string {
  const how = signal === null ? `exited with code ${code}` : `was killed by ${signal}`
  return complaint === '' ? `the agent ${how}` : `the agent ${how}: ${complaint}`
}

async function soon(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}
