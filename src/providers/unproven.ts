import { type RequestHead, single } from './request.ts'
import type { Unproven } from './sender.ts'

// Why a request did not prove itself, for the operator: names of headers and ages, never what was sent.

export const lacks = (why: string): Unproven => ({ kind: 'unproven', why })

/** A proof was there and is wrong. */
export const wrong = (why: string): Unproven => ({ kind: 'unproven', why, guess: true })

export const wrongSignature: Unproven = wrong('signature does not match')

/** Of a header that may be sent in several lines. */
export const missingHeader = (request: RequestHead, name: string): Unproven | undefined =>
  request.header(name) ? undefined : lacks(`header ${name} missing`)

/** What is wrong with a header that must be there once. */
export function flawOfHeader(request: RequestHead, name: string): Unproven | undefined {
  if (single(request, name) !== undefined) return undefined
  return lacks(`header ${name} ${request.header(name.toLowerCase()) ? 'was sent twice' : 'missing'}`)
}

/** What is wrong with a time that the sender gives; Unix milliseconds. */
export function flawOfTime(
  time: number | undefined,
  now: number,
  toleranceSeconds: number,
): Unproven | undefined {
  if (time === undefined) return lacks('timestamp is not a time')
  const seconds = Math.round((now - time) / 1000)
  if (Math.abs(now - time) <= toleranceSeconds * 1000) return undefined
  return lacks(seconds > 0 ? `timestamp is ${seconds} s old` : `timestamp is ${-seconds} s ahead`)
}
