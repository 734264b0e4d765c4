import type { Turn, TurnEnd, TurnListeners } from '../agent-process/agent.ts'
import { type Answer, createAnswer } from '../agent-process/answer.ts'
import type { Reply } from '../agent-process/rpc.ts'
import { type Json, type JsonObject, textAt } from '../json.ts'
import { endOf } from './outcome.ts'
import { allowedOption, nameOf, type ToolCall, toolCallOf } from './permission.ts'

/** A conversation, as a turn needs it. */
export interface Conversation {
  prompt(text: string): Promise<Reply>
  cancel(): void
  /** Who hears of the conversation from now on. */
  listen(handlers: TurnHandlers | undefined): void
}

export interface TurnHandlers {
  readonly onUpdate: (update: JsonObject) => void
  /** The answer to a request for permission. */
  readonly onPermissionRequest: (request: JsonObject) => Promise<Json>
}

/** Sends the prompt. Permissions that are not configured wait until the turn is cancelled. */
export function startTurn(
  agent: Conversation,
  text: string,
  permissions: readonly string[],
  listeners: TurnListeners,
): Turn {
  const log: TurnLog = {
    listeners: listeners,
    permissions,
    answer: createAnswer(),
    calls: new Map(),
    held: new Map(),
    began: false,
    cancelled: false,
  }
  const cancel = () => {
    log.cancelled = true
    agent.cancel()
    letGo(log)
  }
  agent.listen({
    onUpdate: (update) => noteUpdate(log, update),
    onPermissionRequest: (request) => decide(log, request, cancel),
  })
  return {
    over: agent.prompt(text).then((reply) => end(agent, log, reply)),
    blocked: () => {
      const [first] = log.held.values()
      return first && `it waits for permission: ${first.name}`
    },
    cancel,
  }
}

interface TurnLog {
  readonly listeners: TurnListeners
  readonly permissions: readonly string[]
  readonly answer: Answer
  readonly calls: Map<string, ToolCall>
  readonly held: Map<symbol, Held>
  began: boolean
  cancelled: boolean
}

interface Held {
  readonly name: string
  readonly letGo: () => void
}

/** What tells of a turn; commands, modes and usage are told at any time. */
const signsOfTurn: ReadonlySet<string> = new Set([
  'user_message_chunk',
  'agent_message_chunk',
  'agent_thought_chunk',
  'tool_call',
  'tool_call_update',
  'plan',
])

function noteUpdate(log: TurnLog, update: JsonObject): void {
  const what = textAt(update, 'sessionUpdate') ?? ''
  if (!signsOfTurn.has(what)) return
  begin(log)
  if (what === 'agent_message_chunk') log.answer.add(textAt(update, 'content', 'text') ?? '')
  if (what === 'tool_call' || what === 'tool_call_update') noteCall(log, update)
}

function begin(log: TurnLog): void {
  if (log.began) return
  log.began = true
  log.listeners.began()
}

const maxCalls = 10_000

function noteCall(log: TurnLog, said: JsonObject): void {
  const id = textAt(said, 'toolCallId') ?? ''
  const before = log.calls.get(id)
  if (!before && log.calls.size >= maxCalls) return
  const call = toolCallOf(said, before)
  log.calls.set(id, call)
  log.answer.pause()
  if (!before) log.listeners.tool(nameOf(call))
}

/** How long a request for permission may wait for somebody; then its turn is cancelled. */
const permissionMs = 1_800_000

function decide(log: TurnLog, request: JsonObject, cancel: () => void): Promise<Json> {
  begin(log)
  const said = request.toolCall as JsonObject | undefined
  const call = toolCallOf(said ?? {}, log.calls.get(textAt(said, 'toolCallId') ?? ''))
  const optionId = allowedOption(call, log.permissions, request.options)
  if (log.cancelled) return Promise.resolve(cancelledOutcome)
  if (optionId !== undefined) return Promise.resolve({ outcome: { outcome: 'selected', optionId } })
  log.listeners.held(nameOf(call))
  return hold(log, nameOf(call), cancel)
}

function hold(log: TurnLog, name: string, cancel: () => void): Promise<Json> {
  const key = Symbol(name)
  const late = setTimeout(cancel, permissionMs)
  return new Promise((resolve) => {
    log.held.set(key, {
      name,
      letGo: () => {
        clearTimeout(late)
        log.held.delete(key)
        resolve(cancelledOutcome)
      },
    })
  })
}

const cancelledOutcome: Json = { outcome: { outcome: 'cancelled' } }

function letGo(log: TurnLog): void {
  for (const held of [...log.held.values()]) held.letGo()
}

function end(agent: Conversation, log: TurnLog, reply: Reply): TurnEnd {
  agent.listen(undefined)
  letGo(log)
  if (reply.kind === 'result' && !log.cancelled) begin(log)
  return endOf({ reply, answer: log.answer.text(), toolCalls: log.calls.size })
}
