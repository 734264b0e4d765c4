import type { Reply } from '../agent-process/rpc.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'
import type { AppServer } from './app-server.ts'

/** How a conversation stands with its server. */
export type ThreadState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'active'; readonly waitsFor?: string }
  /** The server has not loaded the conversation; it is on disk. */
  | { readonly kind: 'unloaded' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'trouble'; readonly why: string }

export async function stateOf(server: AppServer, threadId: string): Promise<ThreadState> {
  const reply = await server.call('thread/read', { threadId })
  return reply.kind === 'result' ? statusOf(at(reply.result, 'thread', 'status')) : troubleOf(reply)
}

/** From `thread/read` and `thread/status/changed`. After a failed turn the status is `systemError`, in which a conversation takes the next turn. */
export function statusOf(status: Json | undefined): ThreadState {
  const type = textAt(status, 'type')
  if (type === 'notLoaded') return { kind: 'unloaded' }
  if (type !== 'active') return { kind: 'idle' }
  const flags = at(status, 'activeFlags')
  const waitsFor = Array.isArray(flags)
    ? flags.map((flag) => waits[String(flag)]).find((what) => what)
    : undefined
  return { kind: 'active', ...(waitsFor !== undefined && { waitsFor }) }
}

const waits: Readonly<Record<string, string>> = {
  waitingOnApproval: 'an approval',
  waitingOnUserInput: 'an answer',
}

/** Loads a conversation from its file. A subscriber also gets the questions that the server asks its other clients. */
export async function load(server: AppServer, threadId: string, subscribe: boolean): Promise<ThreadState> {
  const reply = await server.call('thread/resume', { threadId, excludeTurns: true })
  if (reply.kind !== 'result') return troubleOf(reply)
  if (!subscribe) await server.call('thread/unsubscribe', { threadId })
  return statusOf(at(reply.result, 'thread', 'status'))
}

/** Begins a conversation; its id. */
export async function begin(server: AppServer, cwd: string): Promise<string> {
  const reply = await server.call('thread/start', { cwd })
  const id = reply.kind === 'result' ? textAt(reply.result, 'thread', 'id') : undefined
  if (id !== undefined) return id
  throw new Error(reply.kind === 'result' ? 'it began a conversation without an id' : complaintOf(reply))
}

/** The server answers every refusal with -32600, so the messages are compared. */
function troubleOf(reply: Exclude<Reply, { kind: 'result' }>): ThreadState {
  const why = complaintOf(reply)
  return reply.kind === 'error' && /not (?:loaded|found)|no rollout|invalid (?:session|thread) id/i.test(why)
    ? { kind: 'unknown' }
    : { kind: 'trouble', why }
}

export const complaintOf = (reply: Exclude<Reply, { kind: 'result' }>): string =>
  reply.kind === 'gone' ? reply.why : reply.message

/** A turn, as `thread/turns/list` shows it. */
export interface TurnView {
  readonly id: string
  /** `cut`: interrupted without a request: the server died, or has not yet written how the turn goes on or ended. */
  readonly status: 'inProgress' | 'completed' | 'interrupted' | 'failed' | 'cut'
  /** What its clients called the messages that began it or were added to it. */
  readonly messages: readonly string[]
  readonly messagesOfAgent: readonly AgentMessage[]
  readonly tools: readonly string[]
  readonly error?: { readonly kind?: string; readonly message: string }
}

interface AgentMessage {
  readonly text: string
  /** A remark in between, not the answer. */
  readonly aside: boolean
}

interface Turns {
  readonly turns: readonly TurnView[]
  /** Why they could not be listed. */
  readonly trouble?: string
}

/** The newest turns, newest first. `summary` leaves out all but the first message and the last answer. */
export async function turnsOf(
  server: AppServer,
  threadId: string,
  limit: number,
  itemsView: 'summary' | 'full',
): Promise<Turns> {
  const reply = await server.call('thread/turns/list', { threadId, limit, itemsView })
  if (reply.kind === 'result') {
    const { data } = reply.result
    return { turns: (Array.isArray(data) ? data : []).filter(isObject).map(turnView) }
  }
  const why = complaintOf(reply)
  return { turns: [], ...(!/not materialized/i.test(why) && { trouble: why }) }
}

function turnView(turn: JsonObject): TurnView {
  const items = Array.isArray(turn.items) ? turn.items.filter(isObject) : []
  const { error } = turn
  return {
    id: textAt(turn, 'id') ?? '',
    status: statusIn(turn),
    messages: items.filter(isOf('userMessage')).flatMap((item) => textAt(item, 'clientId') ?? []),
    messagesOfAgent: items.filter(isOf('agentMessage')).map(agentMessageOf),
    tools: items.flatMap((item) => toolOf(item) ?? []),
    ...(isObject(error) && { error: errorOf(error) }),
  }
}

function statusIn(turn: JsonObject): TurnView['status'] {
  const status = statuses.find((known) => known === turn.status) ?? 'inProgress'
  return status === 'interrupted' && turn.completedAt == null ? 'cut' : status
}

const statuses = ['completed', 'interrupted', 'failed'] as const

const isOf =
  (type: string) =>
  (item: JsonObject): boolean =>
    item.type === type

const agentMessageOf = (item: JsonObject): AgentMessage => ({
  text: textAt(item, 'text') ?? '',
  aside: item.phase === 'commentary',
})

/** What a tool call is called; undefined for an item that is none. */
export function toolOf(item: JsonObject): string | undefined {
  const type = textAt(item, 'type') ?? ''
  if (!tools.has(type)) return undefined
  return textAt(item, 'command') ?? textAt(item, 'tool') ?? textAt(item, 'query') ?? type
}

const tools: ReadonlySet<string> = new Set([
  'commandExecution',
  'fileChange',
  'mcpToolCall',
  'dynamicToolCall',
  'collabAgentToolCall',
  'webSearch',
  'imageView',
  'imageGeneration',
])

function errorOf(error: JsonObject): { readonly kind?: string; readonly message: string } {
  const info = error.codexErrorInfo
  const kind = typeof info === 'string' ? info : undefined
  return { message: textAt(error, 'message') ?? 'it failed', ...(kind !== undefined && { kind }) }
}

export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((inside, name) => (isObject(inside) ? inside[name] : undefined), value)
}
