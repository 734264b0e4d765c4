import { oneLine } from '../../domain/one-line.ts'
import {
  type AskedNoMore,
  createQuestions,
  type QuestionDecision,
  type QuestionListeners,
  type Questions,
} from '../agent-process/questions.ts'
import { titleOfCall } from '../agents/tool-call.ts'
import { isObject, type JsonObject, textAt } from '../json.ts'
import type { StreamConnection } from './connection.ts'

/** Requests to use a tool. What is not configured waits for a person until the turn is cancelled. */
export interface Permissions extends Pick<Questions, 'close'> {
  request(line: JsonObject): void
  /** Claude Code does not ask any more. */
  cancelled(line: JsonObject): void
  blocked(): string | undefined
}

export function createPermissions(
  connection: StreamConnection,
  allowed: readonly string[],
  listeners: QuestionListeners,
): Permissions {
  const questions = createQuestions(listeners)
  const waiting = new Map<string, AskedNoMore>()
  return {
    request: ({ request_id, request }) => {
      const id = typeof request_id === 'string' ? request_id : ''
      const call = callOf(request as JsonObject)
      const allow = () => connection.answer(id, { behavior: 'allow', updatedInput: call.input })
      const deny = (message: string, interrupt = false) =>
        connection.answer(id, { behavior: 'deny', message, interrupt })
      if (!questions.closed() && isAllowed(call, allowed)) return allow()
      const asksNoMore = questions.hold({
        name: oneLine(call.command === undefined ? call.tool : `${call.tool}(${call.command})`),
        dismiss: () => deny('Its turn was cancelled.', true),
        decision: decisionOn(id, call, { allow, deny: () => deny(denied) }),
      })
      waiting.set(id, asksNoMore)
    },
    cancelled: ({ request_id: id }) => waiting.get(String(id))?.('withdrawn', 'the agent took it back'),
    blocked: () => {
      const first = questions.first()
      return first && `permission: ${first}`
    },
    close: questions.close,
  }
}

/** What the agent reads. */
const denied = 'The user denied this.'

/** A question of its own has answers, not a yes and a no: only who sits there can give one. */
function decisionOn(
  id: string,
  { tool, input, about }: Call,
  answers: Pick<QuestionDecision, 'allow' | 'deny'>,
): QuestionDecision | undefined {
  if (tool === 'AskUserQuestion') return undefined
  const detail = JSON.stringify(about, null, 2)
  return { request: { id, kind: 'permission', title: titleOfCall(tool, input), detail }, ...answers }
}

interface Call {
  readonly tool: string
  readonly input: JsonObject
  /** Of a shell. */
  readonly command: string | undefined
  /** All that is asked, without what a dialog would offer beside yes and no. */
  readonly about: JsonObject
}

function callOf(request: JsonObject): Call {
  const { subtype: _, permission_suggestions: __, ...about } = request
  const input = isObject(request.input) ? request.input : {}
  return { tool: textAt(request, 'tool_name') ?? 'a tool', input, command: textAt(input, 'command'), about }
}

const isAllowed = ({ tool, command }: Call, allowed: readonly string[]): boolean =>
  allowed.includes(tool) || (command !== undefined && allowed.includes(`${tool}(${command})`))
