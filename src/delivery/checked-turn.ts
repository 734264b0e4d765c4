import type { FitOf } from '../domain/answer.ts'
import type { Delivery, DeliveryEvent, DeliveryId } from '../domain/delivery.ts'
import type { Outgoing, TurnEvents } from '../domain/driver.ts'
import type { Outcome } from '../domain/outcome.ts'
import { correction } from '../domain/reply.ts'
import { pause } from '../wait.ts'

interface CheckedTurn {
  readonly delivery: Delivery
  readonly fitOf: FitOf
  /** Whether the agent has answered by `reply` meanwhile: that was checked then. */
  readonly isReplied: () => Promise<boolean>
  /** One more turn of the same agent. */
  readonly turn: (message: Outgoing, on: TurnEvents) => Promise<Outcome>
  /** Adds to the timeline. */
  readonly note: (event: Omit<DeliveryEvent, 'at'>) => void
  /** Ends it all. */
  readonly signal: AbortSignal
}

/** How often an agent is asked again. */
const mostCorrections = 2
const busyPauseMs = 1000

/**
 * How a turn ended whose answer must fit `responseSchema`: with that JSON alone as its answer. An agent whose answer does not fit is told
 * what is wrong, twice at most; then the turn has failed, and the last answer is kept. Other turns end as they did.
 */
export async function checkedTurn(checked: CheckedTurn, first: Outcome): Promise<Outcome> {
  const { delivery, fitOf, isReplied, note } = checked
  const { responseSchema, action } = delivery
  if (responseSchema === undefined || action !== 'turn') return first
  let outcome = first
  for (let asked = 0; outcome.kind === 'completed'; asked += 1) {
    if (await isReplied()) return outcome
    const { answer } = outcome
    const fit =
      answer === undefined
        ? { fits: false as const, flaw: 'there is no answer' }
        : await fitOf(responseSchema, answer)
    if (fit.fits) return { ...outcome, answer: fit.json }
    note({ kind: 'answered', detail: `does not fit: ${fit.flaw}` })
    if (asked === mostCorrections) return misfit(fit.flaw, answer)
    outcome = withAnswer(await askAgain(checked, fit.flaw, asked + 1), fit.flaw, answer)
  }
  return outcome
}

/** Under an id of its own: drivers take no message twice. */
async function askAgain(
  { delivery, turn, note, signal }: CheckedTurn,
  flaw: string,
  time: number,
): Promise<Outcome> {
  const deliveryId = `${delivery.id}.${time}` as DeliveryId
  // It was accepted long ago.
  const on: TurnEvents = { accepted: async () => {}, progress: note }
  for (;;) {
    const outcome = await turn({ deliveryId, text: correction(flaw) }, on)
    if (outcome.kind !== 'busy' || signal.aborted) return outcome
    await pause(outcome.retryAfterMs ?? busyPauseMs, signal)
  }
}

/** The agent had its turn: what keeps it from another one is no reason to begin anew. */
function withAnswer(outcome: Outcome, flaw: string, before: string | undefined): Outcome {
  if (outcome.kind === 'completed' || outcome.kind === 'ended') return outcome
  const answer = 'answer' in outcome ? (outcome.answer ?? before) : before
  return misfit(`${flaw}; asked again: ${whyOf(outcome)}`, answer)
}

const whyOf = (outcome: Outcome): string =>
  'why' in outcome && outcome.kind !== 'turn_failed'
    ? (outcome.why ?? outcome.kind)
    : 'detail' in outcome
      ? outcome.detail
      : outcome.kind

const misfit = (flaw: string, answer: string | undefined): Outcome => ({
  kind: 'turn_failed',
  why: 'misfit',
  detail: `the answer does not fit its schema: ${flaw}`,
  ...(answer !== undefined && { answer }),
})
