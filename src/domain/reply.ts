import { type Delivery, isTerminal } from './delivery.ts'
import { Failure } from './error.ts'
import { clean } from './message.ts'
import type { Settlement } from './settlement.ts'

// What an agent answers to whoever sent a message: by `reply`, once, or with the last words of its turn.

/** Throws `answered_already` for a second reply, and `nobody_waits` where nobody could hear a first one. */
export function refuseReply(delivery: Delivery): void {
  if (delivery.repliedAt !== undefined)
    throw new Failure('answered_already', 'It is already answered: only the first reply counts.')
  if (!isHeard(delivery)) throw new Failure('nobody_waits', 'Nobody waits for an answer to it any more.')
}

/**
 * While a message is not settled, somebody may wait for its answer or read it later; afterwards only who holds the URL that it came
 * by, and got no answer with its turn.
 */
function isHeard({ source, action, state, phase }: Delivery): boolean {
  // Nobody sent that one.
  if (source.kind === 'wait') return false
  const isOver = isTerminal(state) || phase === 'callback'
  return !isOver || (source.kind === 'grant' && action !== 'turn')
}

/** Whether all that a caller waits for is known: how it ended, or the answer to its turn. */
export const isAnswered = ({ state, action, repliedAt }: Delivery): boolean =>
  isTerminal(state) || (action === 'turn' && repliedAt !== undefined)

/** What the sender gets as `response`: JSON where it asked for that and the answer fits, else the text. */
export const responseOf = ({ answer, responseFits }: Delivery): unknown =>
  answer !== undefined && responseFits === true ? JSON.parse(answer) : answer

/** The reply stays the answer, and a turn that fails after it takes nothing back. */
export function afterReply(delivery: Delivery, settlement: Settlement, now: number): Settlement {
  if (delivery.repliedAt === undefined || delivery.phase === 'callback') return settlement
  const { answer: _a, failedStep, detail, responseFits: _f, ...rest } = settlement
  if (failedStep === undefined) return { ...rest, ...(detail !== undefined && { detail }) }
  const toCall = delivery.callbackUrl !== undefined
  const why = `after its reply: ${detail ?? failedStep}`
  return {
    ...rest,
    ...{ detail: why, accepted: true },
    ...(toCall ? { state: 'PENDING', phase: 'callback', failures: 0 } : { state: 'DELIVERED' }),
    events: [
      { at: now, kind: 'turn_completed', detail: why },
      ...(toCall ? [] : [{ at: now, kind: 'delivered' as const }]),
    ],
  }
}

/** The text that the agent gets: the message, and what its answer must look like. */
export const textFor = ({ id, message, responseSchema }: Delivery): string =>
  responseSchema === undefined
    ? message
    : `${message}

[postern] Answer with JSON that fits this JSON Schema, and with nothing else; it is checked before the sender gets it:
${clean(responseSchema)}
(Or give it to the tool "reply", if you have that, as the answer to ${id}.)`

/** What an agent is told whose answer does not fit. */
export const correction = (flaw: string): string =>
  `[postern] Your answer does not fit the JSON Schema that its sender asked for: ${clean(flaw)}. Answer once more, with the corrected JSON and nothing else.`
