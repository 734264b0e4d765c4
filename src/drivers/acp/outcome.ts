import type { Outcome } from '../../domain/outcome.ts'
import type { TurnEnd } from '../agent-process/agent.ts'
import { withAnswer } from '../agent-process/answer.ts'
import type { Reply } from '../agent-process/rpc.ts'
import { textAt } from '../json.ts'

/** How a prompt was answered, and what came until then. */
export interface EndedTurn {
  readonly reply: Reply
  readonly answer: string
  readonly toolCalls: number
}

/** "Resource not found" (ACP v1): the agent has forgotten the conversation. */
const notFound = -32002

/**
 * Said before anything was done with a prompt: parse error, invalid request, method not found, invalid params
 * (JSON-RPC 2.0, 5.1), authentication required, resource not found (ACP v1). Any other error ends a turn.
 */
const refusals: ReadonlySet<number> = new Set([-32700, -32600, -32601, -32602, -32000, notFound])

export function endOf(turn: EndedTurn): TurnEnd {
  const { reply, answer } = turn
  return {
    answer,
    cut: reply.kind !== 'result' || reply.result.stopReason === 'cancelled',
    gone: reply.kind === 'error' && reply.code === notFound ? reply.message : undefined,
    outcome: (began) => judge(turn, began),
  }
}

/**
 * An `end_turn` without text or a tool call is no success: agents end failed model calls so. A prompt that an agent
 * had in hands when it died or failed stands in its conversation, perhaps, and is not sent again.
 */
function judge(turn: EndedTurn, began: boolean): Outcome {
  const { reply } = turn
  const answered = withAnswer(turn.answer)
  if (reply.kind === 'result') return stopped(textAt(reply.result, 'stopReason') ?? 'unknown', turn)
  if (reply.kind === 'gone')
    return began
      ? { kind: 'turn_failed', why: 'exited', detail: reply.why, ...answered }
      : { kind: 'unknown', why: `its agent had the message: ${reply.why}`, accepted: true }
  return began || !refusals.has(reply.code)
    ? { kind: 'turn_failed', why: 'agent_error', detail: reply.message, ...answered }
    : { kind: 'failed', why: `the agent refused it: ${reply.message}`, retry: true }
}

/** ACP v1, prompt turn: stop reasons. */
function stopped(reason: string, { answer, toolCalls }: EndedTurn): Outcome {
  const answered = withAnswer(answer)
  if (reason === 'end_turn' && (answer !== '' || toolCalls > 0))
    return { kind: 'completed', ...answered, toolCalls }
  const failed = { kind: 'turn_failed', ...answered } as const
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
