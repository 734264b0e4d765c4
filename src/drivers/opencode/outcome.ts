import type { Outcome, TurnFailure } from '../../domain/outcome.ts'
import { createAnswer } from '../agent-process/answer.ts'
import { type JsonObject, textAt } from '../json.ts'
import { errorText } from './api.ts'
import type { Message } from './messages.ts'

/** The outcome of a turn that is over. `streamError`: an error of the event stream that stands in no message. */
export function outcomeOf(answers: readonly Message[], streamError: string | undefined): Outcome {
  const last = answers.at(-1)
  const [answer, toolCalls] = [
    answerIn(answers),
    answers.reduce((sum, message) => sum + message.toolCalls, 0),
  ]
  const answered = answer === '' ? {} : { answer }
  const failed = (why: TurnFailure, detail: string): Outcome => ({
    kind: 'turn_failed',
    why,
    detail,
    ...answered,
  })
  if (last?.error) return failed(whyOf(last.error), detailOf(last.error))
  if (!last)
    return failed(streamError === undefined ? 'empty' : 'agent_error', streamError ?? 'it never reacted')
  if (!last.over) return failed('exited', streamError ?? 'its turn was cut off')
  if (last.finish === 'length') return failed('max_tokens', 'it ran out of tokens')
  if (last.finish === 'content-filter') return failed('refusal', 'it refused')
  if (answer === '' && toolCalls === 0)
    return failed('empty', streamError ?? 'it ended its turn without a word or a tool call')
  return { kind: 'completed', ...answered, toolCalls }
}

export function answerIn(answers: readonly Message[]): string {
  const answer = createAnswer()
  for (const text of answers.flatMap(({ texts }) => texts)) {
    answer.add(text)
    answer.pause()
  }
  return answer.text()
}

const names: Readonly<Record<string, TurnFailure>> = {
  MessageAbortedError: 'cancelled',
  MessageOutputLengthError: 'max_tokens',
}

const whyOf = (error: JsonObject): TurnFailure => names[textAt(error, 'name') ?? ''] ?? 'agent_error'

function detailOf(error: JsonObject): string {
  if (textAt(error, 'name') === 'MessageAbortedError') return 'its turn was cancelled'
  return errorText(error) ?? 'its turn failed'
}
