import type { Outcome } from '../../domain/outcome.ts'
import { textAt } from '../command/output.ts'
import type { TurnEnd } from './turn.ts'

/**
 * What the end of a turn means. `began`: the agent has surely taken the prompt, so nothing may send it again.
 * An `end_turn` without a word or a tool call is no success: agents end failed model calls so.
 */
export function judge(end: TurnEnd, began: boolean): Outcome {
  const { reply } = end
  const said = end.answer === '' ? {} : { answer: end.answer }
  if (reply.kind === 'result') return stopped(textAt(reply.result, 'stopReason') ?? 'unknown', end)
  if (reply.kind === 'gone')
    return began
      ? { kind: 'turn_failed', why: 'exited', detail: reply.why, ...said }
      : { kind: 'failed', why: reply.why, retry: true }
  return began
    ? { kind: 'turn_failed', why: 'agent_error', detail: reply.message, ...said }
    : { kind: 'failed', why: `the agent refused it: ${reply.message}`, retry: true }
}

/** ACP v1, prompt turn: stop reasons. */
function stopped(reason: string, { answer, toolCalls }: TurnEnd): Outcome {
  const said = answer === '' ? {} : { answer }
  if (reason === 'end_turn' && (answer !== '' || toolCalls > 0))
    return { kind: 'completed', ...said, toolCalls }
  const failed = { kind: 'turn_failed', ...said } as const
  switch (reason) {
    case 'end_turn':
      return { ...failed, why: 'empty', detail: 'it ended its turn without a word or a tool call' }
    case 'refusal':
      return { ...failed, why: 'refusal', detail: 'it refused' }
    case 'max_tokens':
      return { ...failed, why: 'max_tokens', detail: 'it ran out of tokens' }
    case 'cancelled':
      return { ...failed, why: 'cancelled', detail: 'its turn was cancelled' }
    default:
      return { ...failed, why: 'agent_error', detail: `it stopped: ${reason}` }
  }
}
