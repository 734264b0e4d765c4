import type { RequestPermissionResponse } from '@agentclientprotocol/sdk'
import type { Turn, TurnEnd, TurnListeners } from '../agent-process/agent.ts'
import { type Answer, createAnswer } from '../agent-process/answer.ts'
import { createQuestions, type Questions } from '../agent-process/questions.ts'
import type { Reply } from '../agent-process/rpc.ts'
import { type Json, type JsonObject, textAt } from '../json.ts'
import { endOf } from './outcome.ts'
import {
  type Abouts,
  allowedOption,
  createAbouts,
  decisionOn,
  nameOf,
  type ToolCall,
  toolCallOf,
} from './permission.ts'

/** A conversation, as a turn needs it. */
export interface Conversation {
  prompt(text: string): Promise<Reply>
  cancel(): void
  /** From now on updates and requests of the conversation go to `handlers`. */
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
  const cancel = () => {
    log.cancelled = true
    agent.cancel()
    log.questions.close()
  }
  const log: TurnLog = {
    listeners,
    permissions,
    answer: createAnswer(),
    calls: new Map(),
    abouts: createAbouts(),
    questions: createQuestions({ held: listeners.held, late: cancel, decisions: listeners.decisions }),
    asked: 0,
    began: false,
    cancelled: false,
  }
  agent.listen({
    onUpdate: (update) => noteUpdate(log, update),
    onPermissionRequest: (request) => decide(log, request),
  })
  return {
    over: agent.prompt(text).then((reply) => end(agent, log, reply)),
    blocked: log.questions.first,
    cancel,
  }
}

interface TurnLog {
  readonly listeners: TurnListeners
  readonly permissions: readonly string[]
  readonly answer: Answer
  readonly calls: Map<string, ToolCall>
  readonly abouts: Abouts
  readonly questions: Questions
  asked: number
  began: boolean
  cancelled: boolean
}

/** Updates that only a turn brings; those on commands, modes and usage come at any time. */
const updatesOfTurns: ReadonlySet<string> = new Set([
  'user_message_chunk',
  'agent_message_chunk',
  'agent_thought_chunk',
  'tool_call',
  'tool_call_update',
  'plan',
])

function noteUpdate(log: TurnLog, update: JsonObject): void {
  const what = textAt(update, 'sessionUpdate') ?? ''
  if (!updatesOfTurns.has(what)) return
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

function noteCall(log: TurnLog, update: JsonObject): void {
  const id = textAt(update, 'toolCallId') ?? ''
  const before = log.calls.get(id)
  if (!before && log.calls.size >= maxCalls) return
  const call = toolCallOf(update, before)
  log.calls.set(id, call)
  if (log.listeners.decisions) log.abouts.add(id, update)
  log.answer.pause()
  if (!before) log.listeners.tool(nameOf(call))
}

function decide(log: TurnLog, request: JsonObject): Promise<Json> {
  begin(log)
  const toolCall = request.toolCall as JsonObject | undefined
  const toolCallId = textAt(toolCall, 'toolCallId') ?? ''
  const call = toolCallOf(toolCall ?? {}, log.calls.get(toolCallId))
  const optionId = allowedOption(call, log.permissions, request.options)
  if (optionId !== undefined && !log.cancelled)
    return Promise.resolve({
      outcome: { outcome: 'selected', optionId },
    } satisfies RequestPermissionResponse)
  return new Promise((resolve) => {
    const answer = (outcome: JsonObject) => resolve({ outcome })
    const about = { ...log.abouts.get(toolCallId), ...toolCall }
    log.questions.hold({
      asks: `permission: ${nameOf(call)}`,
      dismiss: () => answer(cancelled),
      decision: decisionOn(`${toolCallId} ${++log.asked}`, call, about, request.options, answer),
    })
  })
}

const cancelled = { outcome: 'cancelled' } satisfies RequestPermissionResponse['outcome']

function end(agent: Conversation, log: TurnLog, reply: Reply): TurnEnd {
  agent.listen(undefined)
  log.questions.close()
  if (reply.kind === 'result' && !log.cancelled) begin(log)
  return endOf({ reply, answer: log.answer.text(), toolCalls: log.calls.size })
}
