import type { Code } from '../domain/error.ts'

/** `exitMeanings` says what each means. */
type ExitCode = 0 | 1 | 2 | 3 | 4 | 5

export const exitMeanings: readonly (readonly [code: ExitCode, meaning: string])[] = [
  [0, 'done'],
  [1, 'failed'],
  [2, 'used wrongly; the message names the nearest known name'],
  [3, 'not there'],
  [4, 'not allowed'],
  [5, 'the server cannot be reached'],
]

/** How a shell learns of every refusal. */
export const exitCodes: Readonly<Record<Code, ExitCode>> = {
  usage: 2,
  ambiguous: 2,
  not_found: 3,
  session_missing: 3,
  session_ended: 3,
  session_exists: 4,
  host_exists: 4,
  grant_over: 3,
  session_not_allowed: 4,
  forbidden: 4,
  unauthorized: 4,
  hooks_disabled: 4,
  hook_inactive: 4,
  method_not_allowed: 4,
  host_not_allowed: 4,
  origin_not_allowed: 4,
  rate_limited: 1,
  queue_full: 1,
  too_large: 2,
  unsupported_media_type: 2,
  malformed: 2,
  unprocessable: 2,
  skill_unknown: 3,
  idempotency_conflict: 4,
  in_flight: 4,
  decided_already: 4,
  answered_already: 4,
  nobody_waits: 3,
  wait_limit: 4,
  delivery_failed: 1,
  store_unavailable: 1,
  draining: 1,
  unreachable: 5,
  config_invalid: 1,
  key_unusable: 1,
  home_unusable: 1,
  already_running: 1,
  unsupported: 1,
  internal: 1,
}

export const isCode = (text: unknown): text is Code =>
  typeof text === 'string' && Object.hasOwn(exitCodes, text)
