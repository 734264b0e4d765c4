import { createQuestions, type QuestionListeners, type Questions } from '../agent-process/questions.ts'
import { answerTo } from '../agents/asked-question.ts'
import { type JsonObject, textAt } from '../json.ts'
import type { PiConnection } from './connection.ts'

/** What the agent's extensions ask a person. */
export interface Dialogs extends Pick<Questions, 'close'> {
  open(request: JsonObject): void
  blocked(): string | undefined
}

/** Those that wait for an answer; the others only show something. */
const waiting: ReadonlySet<string> = new Set(['select', 'confirm', 'input', 'editor'])

export function createDialogs(connection: PiConnection, listeners: QuestionListeners): Dialogs {
  const questions = createQuestions(listeners)
  return {
    open: (request) => {
      if (!waiting.has(textAt(request, 'method') ?? '')) return
      const dismiss = () =>
        connection.send({ type: 'extension_ui_response', id: textAt(request, 'id') ?? '', cancelled: true })
      const { timeout } = request
      questions.hold({
        asks: answerTo(textAt(request, 'title') ?? textAt(request, 'message')),
        dismiss,
        agentWaitsMs: typeof timeout === 'number' ? timeout : undefined,
      })
    },
    blocked: questions.first,
    close: questions.close,
  }
}
