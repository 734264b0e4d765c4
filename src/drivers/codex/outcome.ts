import { oneLine } from '../../domain/one-line.ts'
import type { Outcome, TurnFailure } from '../../domain/outcome.ts'
import { createAnswer, withAnswer } from '../agent-process/answer.ts'
import type { TurnView } from './thread.ts'

/** The agent's messages, without remarks in between where those are marked. */
export function answerOf({ messagesOfAgent: all }: TurnView): string {
  const proper = all.filter(({ aside }) => !aside)
  const answer = createAnswer()
  for (const { text } of proper.length > 0 ? proper : all) {
    answer.add(text)
    answer.pause()
  }
  return answer.text()
}

/** What the end of a turn means. A turn that is over must never begin again, whatever its outcome. */
export function judge(turn: TurnView, arrived: boolean): Outcome {
  const answer = answerOf(turn)
  const failed = { kind: 'turn_failed', ...withAnswer(answer) } as const
  if (turn.status === 'interrupted')
    return { ...failed, why: 'cancelled', detail: 'its turn was interrupted' }
  if (turn.status === 'cut') return { ...failed, why: 'exited', detail: 'codex ended while its turn ran' }
  if (turn.status === 'failed') return { ...failed, why: failureOf(turn), detail: detailOf(turn) }
  if (!arrived)
    return { ...failed, why: 'not_accepted', detail: 'its turn ended without having taken the message' }
  if (answer === '' && turn.tools.length === 0)
    return { ...failed, why: 'empty', detail: 'it ended its turn without a word or a tool call' }
  return { kind: 'completed', ...withAnswer(answer), toolCalls: turn.tools.length }
}

const failures: Readonly<Record<string, TurnFailure>> = {
  contextWindowExceeded: 'max_tokens',
  sessionBudgetExceeded: 'max_tokens',
  cyberPolicy: 'refusal',
  misalignmentPolicyViolation: 'refusal',
}

const failureOf = ({ error }: TurnView): TurnFailure => failures[error?.kind ?? ''] ?? 'agent_error'

const detailOf = ({ error }: TurnView): string => oneLine(error?.message ?? 'it failed')
