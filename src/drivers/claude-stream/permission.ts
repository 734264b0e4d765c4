import { oneLine } from '../../domain/one-line.ts'
import {
  type AskedNoMore,
  createQuestions,
  type QuestionDecision,
  type QuestionListeners,
  type Questions,
} from '../agent-process/questions.ts'
import { questionIn, titleOfCall } from '../agents/tool-call.ts'
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
        asks: call.question ?? `permission: ${nameOf(call)}`,
        dismiss: () => deny('Its turn was cancelled.', true),
        decision: decisionOn(id, call, { allow, deny: () => deny(denied) }),
      })
      waiting.set(id, asksNoMore)
    },
    cancelled: ({ request_id: id }) => waiting.get(String(id))?.('withdrawn', 'the agent took it back'),
    blocked: questions.first,
    close: questions.close,
  }
}

/** What the agent reads. */
const denied = 'The user denied this.'

const nameOf = ({ tool, command }: Call): string =>
  oneLine(command === undefined ? tool : `${tool}(${command})`)

/** A question of its own has answers, not a yes and a no: only who sits there can give one. */
function decisionOn(
  id: string,
  { tool, input, about, question }: Call,
  answers: Pick<QuestionDecision, 'allow' | 'deny'>,
): QuestionDecision | undefined {
  if (question !== undefined) return undefined
  const detail = JSON.stringify(about, null, 2)
  return { request: { id, kind: 'permission', title: titleOfCall(tool, input), detail }, ...answers }
}

interface Call {
  readonly tool: string
  readonly input: JsonObject
  /** Of a shell. */
  readonly command: string | undefined
  /** What a person is to answer, where it is the tool that asks them. */
  readonly question: string | undefined
  /** All that is asked, without what a dialog would offer beside yes and no. */
  readonly about: JsonObject
}

function callOf(request: JsonObject): Call {
  const { subtype: _, permission_suggestions: __, ...about } = request
  const input = isObject(request.input) ? request.input : {}
  const tool = textAt(request, 'tool_name') ?? 'a tool'
  return { tool, input, command: textAt(input, 'command'), question: questionIn(tool, input), about }
}

const isAllowed = ({ tool, command }: Call, allowed: readonly string[]): boolean =>
  allowed.includes(tool) || (command !== undefined && allowed.includes(`${tool}(${command})`))
