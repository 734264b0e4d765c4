import { type Json, type JsonObject, textAt } from '../command/output.ts'
import type { Agent } from './agent.ts'
import { allowedOption, nameOf, type ToolCall, toolCallOf } from './permission.ts'
import type { Reply } from './rpc.ts'

/** One prompt and the agent's whole reaction to it. */
export interface Turn {
  readonly over: Promise<TurnEnd>
  /** Why it waits for a person, if it does. */
  blocked(): string | undefined
  /** Asks the agent to stop; it still ends the turn itself. */
  cancel(): void
}

export interface TurnEnd {
  readonly reply: Reply
  /** The first `maxAnswerBytes` of what it said. */
  readonly answer: string
  readonly toolCalls: number
  readonly cancelled: boolean
}

export interface TurnSigns {
  /** The agent reacts: it has surely begun. Once. */
  readonly began: () => void
  readonly tool: (name: string) => void
  readonly held: (name: string) => void
}

/** Sends the prompt. Permissions that are not configured wait until the turn is cancelled. */
export function startTurn(
  agent: Agent,
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

function end(agent: Agent, course: Course, reply: Reply): TurnEnd {
  agent.listen(undefined)
  letGo(course)
  if (reply.kind === 'result' && !course.cancelled) begin(course)
  return {
    reply,
    answer: course.answer.text(),
    toolCalls: course.calls.size,
    cancelled: course.cancelled,
  }
}

interface Answer {
  add(text: string): void
  /** Something else happened; what is said next begins on a new line. */
  pause(): void
  text(): string
}

const maxAnswerBytes = 65_536

function createAnswer(): Answer {
  const parts: string[] = []
  let [length, paused] = [0, false]
  return {
    add: (text) => {
      if (text === '' || length >= maxAnswerBytes) return
      const part = paused && length > 0 ? `\n${text}` : text
      paused = false
      parts.push(part)
      length += part.length
    },
    pause: () => {
      paused = true
    },
    text: () => {
      const bytes = new TextEncoder().encode(parts.join('').trimEnd())
      // `stream` leaves out a character that was cut in two.
      return new TextDecoder().decode(bytes.subarray(0, maxAnswerBytes), { stream: true })
    },
  }
}
