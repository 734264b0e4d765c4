import { randomUUID } from 'node:crypto'
import { oneLine } from '../../domain/one-line.ts'
import type { Turn, TurnEnd, TurnSigns } from '../agent-process/agent.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'
import { createPermissions, type Permissions } from './permission.ts'
import { refusalOf, type Talk } from './talk.ts'
import { endOf } from './verdict.ts'

interface Course {
  readonly talk: Talk
  readonly signs: TurnSigns
  readonly permissions: Permissions
  /** Of our message. */
  readonly uuid: string
  readonly over: (result: JsonObject) => void
  began: boolean
  toolCalls: number
}

/** Sends the message and hears what becomes of it, until its one `result`. */
export function startTurn(talk: Talk, text: string, allowed: readonly string[], signs: TurnSigns): Turn {
  const { promise: result, resolve } = Promise.withResolvers<JsonObject>()
  const cancel = () => {
    course.permissions.cancel()
    void talk.ask({ subtype: 'interrupt' })
  }
  const course: Course = {
    talk,
    signs,
    permissions: createPermissions(talk, allowed, { held: signs.held, late: cancel }),
    uuid: randomUUID(),
    over: resolve,
    began: false,
    toolCalls: 0,
  }
  talk.listen((line) => hear(course, line))
  const message = { role: 'user', content: text }
  talk.tell({ type: 'user', message, parent_tool_use_id: null, uuid: course.uuid })
  return { over: ended(course, result), blocked: course.permissions.blocked, cancel }
}

async function ended(course: Course, result: Promise<JsonObject>): Promise<TurnEnd> {
  const end = await Promise.race([result, course.talk.gone])
  course.talk.listen(undefined)
  course.permissions.cancel()
  return endOf(end, course.toolCalls)
}

function hear(course: Course, line: JsonObject): void {
  switch (line.type) {
    case 'command_lifecycle':
      if (line.command_uuid === course.uuid && line.state !== 'queued') begin(course)
      break
    case 'user':
      if (line.isReplay === true && line.uuid === course.uuid) begin(course)
      break
    case 'assistant':
      noteTools(course, line)
      break
    case 'control_request':
      if (textAt(line, 'request', 'subtype') === 'can_use_tool') course.permissions.asked(line)
      else course.talk.tell(refusalOf(line))
      break
    case 'result':
      if (isOurs(course, line)) course.over(line)
      break
  }
}

function begin(course: Course): void {
  if (course.began) return
  course.began = true
  course.signs.began()
}

function noteTools(course: Course, { message }: JsonObject): void {
  const content = isObject(message) ? message.content : undefined
  const blocks: readonly Json[] = Array.isArray(content) ? content : []
  for (const block of blocks) {
    if (textAt(block, 'type') !== 'tool_use') continue
    course.toolCalls++
    course.signs.tool(oneLine(textAt(block, 'name') ?? 'a tool'))
  }
}

/** It also takes turns of its own, when something it left running in the background has ended. */
function isOurs({ uuid, began }: Course, result: JsonObject): boolean {
  const { user_message_uuids: uuids } = result
  return Array.isArray(uuids) ? uuids.includes(uuid) : began
}
