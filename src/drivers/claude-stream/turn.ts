import { randomUUID } from 'node:crypto'
import { oneLine } from '../../domain/one-line.ts'
import type { Turn, TurnEnd, TurnListeners } from '../agent-process/agent.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'
import { refusalOf, type StreamConnection } from './connection.ts'
import { endOf } from './outcome.ts'
import { createPermissions, type Permissions } from './permission.ts'

interface TurnLog {
  readonly connection: StreamConnection
  readonly listeners: TurnListeners
  readonly permissions: Permissions
  /** Of our message. */
  readonly uuid: string
  readonly over: (result: JsonObject) => void
  began: boolean
  toolCalls: number
}

/** Sends the message and follows its turn until its one `result`. */
export function startTurn(
  connection: StreamConnection,
  text: string,
  allowed: readonly string[],
  listeners: TurnListeners,
): Turn {
  const { promise: result, resolve } = Promise.withResolvers<JsonObject>()
  const cancel = () => {
    log.permissions.close()
    void connection.request({ subtype: 'interrupt' })
  }
  const log: TurnLog = {
    connection: connection,
    listeners: listeners,
    permissions: createPermissions(connection, allowed, {
      held: listeners.held,
      late: cancel,
      decisions: listeners.decisions,
    }),
    uuid: randomUUID(),
    over: resolve,
    began: false,
    toolCalls: 0,
  }
  connection.listen((line) => noteLine(log, line))
  const message = { role: 'user', content: text }
  connection.send({ type: 'user', message, parent_tool_use_id: null, uuid: log.uuid })
  return { over: ended(log, result), blocked: log.permissions.blocked, cancel }
}

async function ended(log: TurnLog, result: Promise<JsonObject>): Promise<TurnEnd> {
  const end = await Promise.race([result, log.connection.gone])
  log.connection.listen(undefined)
  log.permissions.close()
  return endOf(end, log.toolCalls)
}

function noteLine(log: TurnLog, line: JsonObject): void {
  switch (line.type) {
    case 'command_lifecycle':
      if (line.command_uuid === log.uuid && line.state !== 'queued') begin(log)
      break
    case 'user':
      if (line.isReplay === true && line.uuid === log.uuid) begin(log)
      break
    case 'assistant':
      noteTools(log, line)
      break
    case 'control_request':
      if (textAt(line, 'request', 'subtype') === 'can_use_tool') log.permissions.request(line)
      else log.connection.send(refusalOf(line))
      break
    case 'control_cancel_request':
      log.permissions.cancelled(line)
      break
    case 'result':
      if (isOurs(log, line)) log.over(line)
      break
  }
}

function begin(log: TurnLog): void {
  if (log.began) return
  log.began = true
  log.listeners.began()
}

function noteTools(log: TurnLog, { message }: JsonObject): void {
  const content = isObject(message) ? message.content : undefined
  const blocks: readonly Json[] = Array.isArray(content) ? content : []
  for (const block of blocks) {
    if (textAt(block, 'type') !== 'tool_use') continue
    log.toolCalls++
    log.listeners.tool(oneLine(textAt(block, 'name') ?? 'a tool'))
  }
}

/** Claude Code also takes turns of its own, when something that ran in its background has ended. */
function isOurs({ uuid, began }: TurnLog, result: JsonObject): boolean {
  const { user_message_uuids: uuids } = result
  return Array.isArray(uuids) ? uuids.includes(uuid) : began
}
