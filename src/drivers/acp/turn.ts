import type { Turn, TurnEnd, TurnSigns } from '../agent-process/agent.ts'
import { type Answer, createAnswer } from '../agent-process/answer.ts'
import type { Reply } from '../agent-process/rpc.ts'
import { type Json, type JsonObject, textAt } from '../json.ts'
import { allowedOption, nameOf, type ToolCall, toolCallOf } from './permission.ts'
import { endOf } from './verdict.ts'

/** A conversation, as a turn needs it. */
export interface Partner {
  prompt(text: string): Promise<Reply>
  cancel(): void
  /** Who hears of the conversation from now on. */
  listen(ears: TurnEars | undefined): void
}

export interface TurnEars {
  readonly updated: (update: JsonObject) => void
  /** The answer to a request for permission. */
  readonly asked: (request: JsonObject) => Promise<Json>
}

/** Sends the prompt. Permissions that are not configured wait until the turn is cancelled. */
export function startTurn(
  agent: Partner,
  text: string,
  permissions: readonly string[],
  signs: TurnSigns,
): Turn {
  const course: Course = {
    signs,
    permissions,
    answer: createAnswer(),
    calls: new Map(),
    held: new Map(),
    began: false,
    cancelled: false,
  }
  const cancel = () => {
    course.cancelled = true
    agent.cancel()
    letGo(course)
  }
  agent.listen({
    updated: (update) => hear(course, update),
    asked: (request) => asked(course, request, cancel),
  })
  return {
    over: agent.prompt(text).then((reply) => end(agent, course, reply)),
    blocked: () => {
      const [first] = course.held.values()
      return first && `it waits for permission: ${first.name}`
    },
    cancel,
  }
}

interface Course {
  readonly signs: TurnSigns
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

function hear(course: Course, update: JsonObject): void {
  const what = textAt(update, 'sessionUpdate') ?? ''
  if (!signsOfTurn.has(what)) return
  begin(course)
  if (what === 'agent_message_chunk') course.answer.add(textAt(update, 'content', 'text') ?? '')
  if (what === 'tool_call' || what === 'tool_call_update') noteCall(course, update)
}

function begin(course: Course): void {
  if (course.began) return
  course.began = true
  course.signs.began()
}

const maxCalls = 10_000

function noteCall(course: Course, said: JsonObject): void {
  const id = textAt(said, 'toolCallId') ?? ''
  const before = course.calls.get(id)
  if (!before && course.calls.size >= maxCalls) return
  const call = toolCallOf(said, before)
  course.calls.set(id, call)
  course.answer.pause()
  if (!before) course.signs.tool(nameOf(call))
}

/** How long a request for permission may wait for somebody; then its turn is cancelled. */
const permissionMs = 1_800_000

function asked(course: Course, request: JsonObject, cancel: () => void): Promise<Json> {
  begin(course)
  const said = request.toolCall as JsonObject | undefined
  const call = toolCallOf(said ?? {}, course.calls.get(textAt(said, 'toolCallId') ?? ''))
  const optionId = allowedOption(call, course.permissions, request.options)
  if (course.cancelled) return Promise.resolve(cancelledOutcome)
  if (optionId !== undefined) return Promise.resolve({ outcome: { outcome: 'selected', optionId } })
  course.signs.held(nameOf(call))
  return hold(course, nameOf(call), cancel)
}

function hold(course: Course, name: string, cancel: () => void): Promise<Json> {
  const key = Symbol(name)
  const late = setTimeout(cancel, permissionMs)
  return new Promise((resolve) => {
    course.held.set(key, {
      name,
      letGo: () => {
        clearTimeout(late)
        course.held.delete(key)
        resolve(cancelledOutcome)
      },
    })
  })
}

const cancelledOutcome: Json = { outcome: { outcome: 'cancelled' } }

function letGo(course: Course): void {
  for (const held of [...course.held.values()]) held.letGo()
}

function end(agent: Partner, course: Course, reply: Reply): TurnEnd {
  agent.listen(undefined)
  letGo(course)
  if (reply.kind === 'result' && !course.cancelled) begin(course)
  return endOf({ reply, answer: course.answer.text(), toolCalls: course.calls.size })
}
