import { oneLine } from '../../domain/one-line.ts'
import { createQuestions, type QuestionListeners, type Questions } from '../agent-process/questions.ts'
import { type JsonObject, textAt } from '../json.ts'
import type { StreamConnection } from './connection.ts'

/** Requests to use a tool. What is not configured waits for a person, who is not here, until the turn is cancelled. */
export interface Permissions extends Pick<Questions, 'close'> {
  request(line: JsonObject): void
  blocked(): string | undefined
}

export function createPermissions(
  connection: StreamConnection,
  allowed: readonly string[],
  listeners: QuestionListeners,
): Permissions {
  const questions = createQuestions(listeners)
  const deny = (id: string) =>
    connection.answer(id, { behavior: 'deny', message: 'Its turn was cancelled.', interrupt: true })
  return {
    request: ({ request_id, request }) => {
      const id = typeof request_id === 'string' ? request_id : ''
      const call = callOf(request as JsonObject)
      if (!questions.closed() && isAllowed(call, allowed))
        return connection.answer(id, { behavior: 'allow', updatedInput: call.input })
      const name = oneLine(call.command === undefined ? call.tool : `${call.tool}(${call.command})`)
      questions.hold({ name, dismiss: () => deny(id) })
    },
    blocked: () => {
      const first = questions.first()
      return first && `permission: ${first}`
    },
    close: questions.close,
  }
}

interface Call {
  readonly tool: string
  readonly input: JsonObject
  /** Of a shell. */
  readonly command: string | undefined
}

function callOf(request: JsonObject): Call {
  const input = (request.input ?? {}) as JsonObject
  return { tool: textAt(request, 'tool_name') ?? 'a tool', input, command: textAt(input, 'command') }
}

const isAllowed = ({ tool, command }: Call, allowed: readonly string[]): boolean =>
  allowed.includes(tool) || (command !== undefined && allowed.includes(`${tool}(${command})`))
