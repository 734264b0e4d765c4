import { randomUUID } from 'node:crypto'
import { type Code, Failure, reasonOf } from '../domain/error.ts'
import type { Log } from '../domain/ports.ts'

/** HTTP status and title of every refusal; RFC 9457 problem documents are made of it. */
const problems: Readonly<Record<Code, readonly [status: number, title: string]>> = {
  usage: [422, 'Unprocessable content'],
  ambiguous: [409, 'Ambiguous'],
  not_found: [404, 'Not found'],
  session_missing: [404, 'Session gone'],
  session_ended: [410, 'Session ended'],
  session_exists: [409, 'Session exists'],
  host_exists: [409, 'Host exists'],
  grant_over: [410, 'Grant over'],
  session_not_allowed: [403, 'Session not allowed'],
  forbidden: [403, 'Forbidden'],
  unauthorized: [401, 'Unauthorized'],
  hooks_disabled: [403, 'Webhooks disabled'],
  hook_inactive: [403, 'Hook inactive'],
  method_not_allowed: [405, 'Method not allowed'],
  host_not_allowed: [421, 'Misdirected request'],
  origin_not_allowed: [403, 'Origin not allowed'],
  rate_limited: [429, 'Too many requests'],
  queue_full: [503, 'Queue full'],
  too_large: [413, 'Content too large'],
  unsupported_media_type: [415, 'Unsupported media type'],
  malformed: [400, 'Malformed'],
  unprocessable: [422, 'Unprocessable content'],
  skill_unknown: [422, 'Unknown skill'],
  idempotency_conflict: [409, 'Idempotency key reused'],
  in_flight: [409, 'In flight'],
  decided_already: [409, 'Decided already'],
  answered_already: [409, 'Answered already'],
  nobody_waits: [410, 'Nobody waits'],
  wait_limit: [409, 'Too many waits'],
  delivery_failed: [502, 'Delivery failed'],
  store_unavailable: [503, 'Storage unavailable'],
  draining: [503, 'Stopping'],
  unreachable: [502, 'Unreachable'],
  config_invalid: [500, 'Configuration invalid'],
  key_unusable: [500, 'Key unusable'],
  home_unusable: [500, 'Home unusable'],
  already_running: [409, 'Already running'],
  unsupported: [501, 'Not supported here'],
  internal: [500, 'Internal error'],
}

const retryable = new Set<Code>(['queue_full', 'store_unavailable', 'draining', 'rate_limited'])

/** Any thrown thing as a problem document. Only `Failure` texts reach the client; the rest is logged and hidden. */
export function problemResponse(thrown: unknown, log: Log): Response {
  const requestId = randomUUID()
  const failure = thrown instanceof Failure ? thrown : hidden(thrown, requestId, log)
  const { deliveryId } = failure.extra
  const body = {
    ...problemBody(failure.code, failure.extra.plain ?? failure.message),
    ...(deliveryId !== undefined && { deliveryId }),
    // Refused tokens get one identical body, whatever was wrong: their request id stands in the header alone.
    ...(failure.code !== 'forbidden' && { requestId }),
  }
  return new Response(JSON.stringify(body), {
    status: body.status,
    headers: headersFor(failure, body.status, requestId),
  })
}

/** What every problem document holds. */
export function problemBody(code: Code, detail: string) {
  const [status, title] = problems[code]
  return { type: `urn:postern:problem:${code.replaceAll('_', '-')}`, title, status, detail, code }
}

function hidden(thrown: unknown, requestId: string, log: Log): Failure {
  log('error', 'http.unexpected', {
    requestId,
    why: reasonOf(thrown),
    stack: thrown instanceof Error ? thrown.stack : undefined,
  })
  return new Failure('internal', 'Something went wrong here; the log has it under this request id.')
}

/** Whole seconds, at least one: `Retry-After` has no others (RFC 9110 section 10.2.3). */
export const secondsToWait = (retryAfterMs: number): number => Math.max(1, Math.ceil(retryAfterMs / 1000))

function headersFor(failure: Failure, status: number, requestId: string): Headers {
  const headers = new Headers({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
  })
  const { retryAfterMs, allow, closes, challenge = 'Bearer' } = failure.extra
  if (closes) headers.set('connection', 'close')
  if (retryAfterMs !== undefined || retryable.has(failure.code))
    headers.set('retry-after', String(secondsToWait(retryAfterMs ?? 1000)))
  if (allow !== undefined) headers.set('allow', allow)
  if (status === 401 && challenge !== 'none') headers.set('www-authenticate', `${challenge} realm="postern"`)
  return headers
}
