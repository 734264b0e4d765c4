import { oneLine } from '../../domain/one-line.ts'
import type { Turn, TurnEnd, TurnSigns } from '../agent-process/agent.ts'
import { type Answer, createAnswer } from '../agent-process/answer.ts'
import { isObject, type JsonObject, textAt } from '../json.ts'
import { createDialogs, type Dialogs } from './dialogs.ts'
import type { Reply, Talk } from './talk.ts'
import { endOf, type Stop } from './verdict.ts'

interface Course {
  readonly talk: Talk
  readonly signs: TurnSigns
  readonly answer: Answer
  readonly dialogs: Dialogs
  readonly settled: () => void
  /** The agent runs: its end will be told. */
  runs: boolean
  began: boolean
  cancelled: boolean
  toolCalls: number
  /** How its last model call ended. */
  stop: Stop | undefined
}

/** Sends the prompt and hears what becomes of it, until the agent says that it will not go on by itself. */
export function startTurn(talk: Talk, text: string, signs: TurnSigns): Turn {
  const { promise: settled, resolve } = Promise.withResolvers<undefined>()
  const cancel = () => {
    course.cancelled = true
    // What waits in the agent's own queue would be gone on with.
    void talk.ask('clear_queue')
    void talk.ask('abort')
    // Not before: an extension that is answered goes on.
    course.dialogs.cancel()
  }
  const course: Course = {
    talk,
    signs,
    answer: createAnswer(),
    dialogs: createDialogs(talk, { held: signs.held, late: cancel }),
    settled: () => resolve(undefined),
    runs: false,
    began: false,
    cancelled: false,
    toolCalls: 0,
    stop: undefined,
  }
  talk.listen((event) => hear(course, event))
  return { over: run(course, text, settled), blocked: course.dialogs.blocked, cancel }
}

async function run(course: Course, text: string, settled: Promise<undefined>): Promise<TurnEnd> {
  const { talk } = course
  const reply = await talk.ask('prompt', { message: text })
  if (reply.kind === 'done') begin(course)
  const gone = reply.kind === 'done' ? await ended(course, settled) : undefined
  talk.listen(undefined)
  course.dialogs.cancel()
  return conclude(course, reply, gone)
}

/** Resolves with why, when the agent's process ended first. */
async function ended(course: Course, settled: Promise<undefined>): Promise<string | undefined> {
  const { talk } = course
  // What an extension has dealt with is accepted as well, but nothing runs, and no end of it will be told.
  const state = await talk.ask('get_state')
  if (state.kind === 'done' && state.data.isStreaming === false && !course.runs) return undefined
  return Promise.race([settled, talk.gone])
}

const conclude = (
  { answer, toolCalls, stop, cancelled }: Course,
  reply: Reply,
  gone: string | undefined,
): TurnEnd =>
  endOf({
    reply: gone === undefined ? reply : { kind: 'gone', why: gone },
    answer: answer.text(),
    ...{ toolCalls, stop, cancelled },
  })

/** What follows the acceptance may be heard in the same breath, and is told after it. */
function begin(course: Course): void {
  if (course.began) return
  course.began = true
  course.signs.began()
}

function hear(course: Course, event: JsonObject): void {
  switch (event.type) {
    case 'agent_start':
      course.runs = true
      begin(course)
      break
    case 'message_start':
      course.answer.pause()
      break
    case 'message_update':
      if (textAt(event, 'assistantMessageEvent', 'type') === 'text_delta')
        course.answer.add(textAt(event, 'assistantMessageEvent', 'delta') ?? '')
      break
    case 'message_end':
      if (textAt(event, 'message', 'role') === 'assistant') course.stop = stopOf(event)
      break
    case 'tool_execution_start':
      course.toolCalls++
      course.signs.tool(oneLine(textAt(event, 'toolName') ?? 'a tool'))
      break
    case 'extension_ui_request':
      course.dialogs.asked(event)
      break
    case 'agent_settled':
      course.settled()
      break
  }
}

function stopOf({ message }: JsonObject): Stop {
  const error = isObject(message) ? textAt(message, 'errorMessage') : undefined
  return {
    reason: textAt(message, 'stopReason') ?? 'unknown',
    ...(error !== undefined && { error: oneLine(error) }),
  }
}
