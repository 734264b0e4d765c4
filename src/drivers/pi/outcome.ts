import type { Outcome } from '../../domain/outcome.ts'
import type { TurnEnd } from '../agent-process/agent.ts'
import { withAnswer } from '../agent-process/answer.ts'
import type { Reply } from './connection.ts'

/** How a model call ended, in pi's terms. */
export interface Stop {
  readonly reason: string
  readonly error?: string
}

/** How a prompt was answered, and what came until the agent settled. */
export interface EndedTurn {
  readonly reply: Reply
  readonly answer: string
  readonly toolCalls: number
  readonly stop: Stop | undefined
  /** The turn was aborted; some tools and providers call that an error. */
  readonly cancelled: boolean
}

export const endOf = (turn: EndedTurn): TurnEnd => ({
  answer: turn.answer,
  cut: turn.reply.kind !== 'done' || wasStopped(turn),
  outcome: (began) => judge(turn, began),
})

const wasStopped = ({ stop, cancelled }: EndedTurn): boolean =>
  stop?.reason === 'aborted' || (cancelled && stop?.reason === 'error')

function judge(turn: EndedTurn, began: boolean): Outcome {
  const { reply, answer } = turn
  const answered = withAnswer(answer)
  if (reply.kind === 'done') return stopped(turn)
  if (reply.kind === 'gone')
    return began
      ? { kind: 'turn_failed', why: 'exited', detail: reply.why, ...answered }
      : { kind: 'failed', why: reply.why, retry: true }
  return occupied.test(reply.why)
    ? { kind: 'busy', why: `the agent says: ${reply.why}` }
    : { kind: 'failed', why: `the agent refused it: ${reply.why}`, retry: true }
}

/** An extension may have begun something of its own. */
const occupied = /already processing|compaction is in progress/i

/** An end without text or a tool call is no success. */
function stopped({ answer, toolCalls, stop }: EndedTurn): Outcome {
  const answered = withAnswer(answer)
  const failed = { kind: 'turn_failed', ...answered } as const
  switch (stop?.reason) {
    case undefined:
      return { ...failed, why: 'empty', detail: 'it ended its turn without asking its model' }
    case 'stop':
    case 'toolUse':
      if (answer !== '' || toolCalls > 0) return { kind: 'completed', ...answered, toolCalls }
      return { ...failed, why: 'empty', detail: 'it ended its turn without a word or a tool call' }
    case 'length':
      return { ...failed, why: 'max_tokens', detail: 'it ran out of tokens' }
    case 'aborted':
      return { ...failed, why: 'cancelled', detail: 'its turn was cancelled' }
    default:
      return { ...failed, why: 'agent_error', detail: stop?.error ?? `it stopped: ${stop?.reason}` }
  }
}
