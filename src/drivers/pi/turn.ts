import { oneLine } from '../../domain/one-line.ts'
import type { Turn, TurnEnd, TurnListeners } from '../agent-process/agent.ts'
import { type Answer, createAnswer } from '../agent-process/answer.ts'
import { isObject, type JsonObject, textAt } from '../json.ts'
import type { PiConnection, Reply } from './connection.ts'
import { createDialogs, type Dialogs } from './dialogs.ts'
import { endOf, type Stop } from './outcome.ts'

interface TurnLog {
  readonly connection: PiConnection
  readonly listeners: TurnListeners
  readonly answer: Answer
  readonly dialogs: Dialogs
  readonly over: () => void
  /** The agent runs, so `agent_settled` will follow. */
  runs: boolean
  began: boolean
  cancelled: boolean
  toolCalls: number
  /** How its last model call ended. */
  stop: Stop | undefined
}

/** Sends the prompt and follows its turn until `agent_settled`: pi will not go on by itself. */
export function startTurn(connection: PiConnection, text: string, listeners: TurnListeners): Turn {
  const { promise: over, resolve } = Promise.withResolvers<undefined>()
  const cancel = () => {
    log.cancelled = true
    // Else pi would go on with the messages in its own queue.
    void connection.request('clear_queue')
    void connection.request('abort')
    // After the abort: an extension whose dialog is answered goes on.
    log.dialogs.close()
  }
  const log: TurnLog = {
    connection: connection,
    listeners: listeners,
    answer: createAnswer(),
    dialogs: createDialogs(connection, { held: listeners.held, late: cancel }),
    over: () => resolve(undefined),
    runs: false,
    began: false,
    cancelled: false,
    toolCalls: 0,
    stop: undefined,
  }
  connection.listen((event) => noteEvent(log, event))
  return { over: run(log, text, over), blocked: log.dialogs.blocked, cancel }
}

async function run(log: TurnLog, text: string, over: Promise<undefined>): Promise<TurnEnd> {
  const { connection } = log
  const reply = await connection.request('prompt', { message: text })
  if (reply.kind === 'done') begin(log)
  const gone = reply.kind === 'done' ? await ended(log, over) : undefined
  connection.listen(undefined)
  log.dialogs.close()
  return conclude(log, reply, gone)
}

/** Resolves with why, when the agent's process ended first. */
async function ended(log: TurnLog, over: Promise<undefined>): Promise<string | undefined> {
  const { connection } = log
  // pi also accepts a prompt that an extension handles by itself: then nothing runs, and no `agent_settled` follows.
  const state = await connection.request('get_state')
  if (state.kind === 'done' && state.data.isStreaming === false && !log.runs) return undefined
  return Promise.race([over, connection.gone])
}

const conclude = (
  { answer, toolCalls, stop, cancelled }: TurnLog,
  reply: Reply,
  gone: string | undefined,
): TurnEnd =>
  endOf({
    reply: gone === undefined ? reply : { kind: 'gone', why: gone },
    answer: answer.text(),
    ...{ toolCalls, stop, cancelled },
  })

/** Events may come in one piece with the acceptance, and are reported after it. */
function begin(log: TurnLog): void {
  if (log.began) return
  log.began = true
  log.listeners.began()
}

function noteEvent(log: TurnLog, event: JsonObject): void {
  switch (event.type) {
    case 'agent_start':
      log.runs = true
      begin(log)
      break
    case 'message_start':
      log.answer.pause()
      break
    case 'message_update':
      if (textAt(event, 'assistantMessageEvent', 'type') === 'text_delta')
        log.answer.add(textAt(event, 'assistantMessageEvent', 'delta') ?? '')
      break
    case 'message_end':
      if (textAt(event, 'message', 'role') === 'assistant') log.stop = stopOf(event)
      break
    case 'tool_execution_start':
      log.toolCalls++
      log.listeners.tool(oneLine(textAt(event, 'toolName') ?? 'a tool'))
      break
    case 'extension_ui_request':
      log.dialogs.open(event)
      break
    case 'agent_settled':
      log.over()
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
