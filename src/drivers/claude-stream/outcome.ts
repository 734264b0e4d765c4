import { oneLine } from '../../domain/one-line.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { TurnEnd } from '../agent-process/agent.ts'
import { createAnswer, withAnswer } from '../agent-process/answer.ts'
import { type JsonObject, textAt } from '../json.ts'

/** What the end of a turn means: its `result`, or why the agent is gone. */
export function endOf(end: JsonObject | string, toolCalls: number): TurnEnd {
  const answer = createAnswer()
  if (typeof end !== 'string') answer.add(textAt(end, 'result') ?? '')
  const text = answer.text()
  return {
    answer: text,
    cut: typeof end === 'string' || wasAborted(end),
    outcome: (began) => (typeof end === 'string' ? gone(end, began) : judge(end, text, toolCalls)),
  }
}

const gone = (why: string, began: boolean): Outcome =>
  began ? { kind: 'turn_failed', why: 'exited', detail: why } : { kind: 'failed', why, retry: true }

const wasAborted = (result: JsonObject): boolean =>
  (textAt(result, 'terminal_reason') ?? '').startsWith('aborted')

/** `subtype` says success even where the model could not be reached; `is_error` is the one that counts. */
function judge(result: JsonObject, answer: string, toolCalls: number): Outcome {
  const answered = withAnswer(answer)
  if (wasAborted(result))
    return { kind: 'turn_failed', why: 'cancelled', detail: 'its turn was cancelled', ...answered }
  if (result.is_error !== false)
    return { kind: 'turn_failed', why: 'agent_error', detail: oneLine(complaintOf(result, answer)) }
  const reason = textAt(result, 'stop_reason')
  if (reason === 'refusal' || reason === 'max_tokens')
    return { kind: 'turn_failed', why: reason, detail: `it stopped: ${reason}`, ...answered }
  if (answer === '' && toolCalls === 0)
    return { kind: 'turn_failed', why: 'empty', detail: 'it ended its turn without a word or a tool call' }
  return { kind: 'completed', ...answered, toolCalls }
}

function complaintOf({ errors, terminal_reason, subtype }: JsonObject, answer: string): string {
  const [first] = Array.isArray(errors) ? errors : []
  const complaint = [answer, first, terminal_reason, subtype].find(
    (text) => typeof text === 'string' && text !== '',
  )
  return typeof complaint === 'string' ? complaint : 'it reported an error'
}
