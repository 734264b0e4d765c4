import type { Outcome } from '../../domain/outcome.ts'
import { retryAfterMs } from '../../domain/retry-policy.ts'
import { answerIn, errorText } from './answer.ts'
import type { Head, Response } from './request.ts'
import type { HttpSettings } from './settings.ts'

/** Conflict, locked, too many requests, unavailable (RFC 9110, 4918, 6585): they pass. */
const busyByDefault: readonly number[] = [409, 423, 429, 503]
const endedByDefault: readonly number[] = [410]

export const isAccepted = ({ accepted, busy, ended }: HttpSettings, status: number): boolean =>
  !(ended ?? endedByDefault).includes(status) &&
  !(busy ?? busyByDefault).includes(status) &&
  (accepted?.includes(status) ?? (status >= 200 && status < 300))

/** What a response means. `turn`: the response is the whole reaction, and its answer is wanted. */
export function outcomeOf(
  { head, text }: Extract<Response, { kind: 'answered' }>,
  settings: HttpSettings,
  turn: boolean,
  now: number,
): Outcome {
  return isAccepted(settings, head.status)
    ? taken(head, text, settings, turn)
    : refused(head, text, settings, now)
}

interface CutOff {
  readonly turn: boolean
  /** The response's status had come, and accepted the message. */
  readonly taken: boolean
  readonly timedOut: boolean
}

/** What a request means whose answer did not come, or not as a whole. */
export function outcomeOfCutOff(
  { turn, taken, timedOut }: CutOff,
  response: Extract<Response, { kind: 'broken' | 'cut' }>,
): Outcome {
  const why = response.kind === 'broken' ? response.why : 'its endpoint did not answer in time'
  if (taken && !turn) return { kind: 'taken', evidence: 'ack' }
  // The turn may well be under way there; a second request would be a second turn.
  if (turn && timedOut) return { kind: 'turn_failed', why: 'timeout', detail: why }
  if (response.kind === 'cut' || taken) return { kind: 'unknown', why, accepted: taken }
  return { kind: 'failed', why, retry: true }
}

function taken(head: Head, text: string, { answerPointer }: HttpSettings, turn: boolean): Outcome {
  const answer = answerIn(text, head.contentType, answerPointer)
  const answered = answer === undefined ? {} : { answer }
  if (!turn) return { kind: 'taken', evidence: 'ack', ...answered }
  if (answer === undefined && answerPointer !== undefined)
    return { kind: 'turn_failed', why: 'empty', detail: `its response has no answer at ${answerPointer}` }
  return { kind: 'completed', ...answered }
}

function refused(head: Head, text: string, { busy, ended }: HttpSettings, now: number): Outcome {
  const { status } = head
  const error = errorText(text)
  const why = `its endpoint answers ${status}${error === '' ? '' : `: ${error}`}`
  const later = retryAfterMs(head.retryAfter, now)
  const wait = later === undefined ? {} : { retryAfterMs: later }
  if ((ended ?? endedByDefault).includes(status)) return { kind: 'ended', why }
  if ((busy ?? busyByDefault).includes(status)) return { kind: 'busy', why, ...wait }
  return { kind: 'failed', why, retry: status >= 500, ...wait }
}
