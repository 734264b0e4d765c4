import type { Delivery } from '../../domain/delivery.ts'
import { Failure } from '../../domain/error.ts'
import type { HandshakeAnswer, Knock, Proof, Receipt } from '../../domain/knock.ts'
import { isAnswered, responseOf } from '../../domain/reply.ts'
import type { Arrivals } from '../arrivals.ts'
import { readBody, unpacked } from '../body.ts'
import { type RequestGuard, refusal } from '../guard.ts'
import type { BeginWork } from '../loop-watch.ts'
import { headersToKeep, knockHeaders, preferredWaitMs, webhookHeaders } from '../request.ts'
import { respondTo, type UsualAnswer } from './respond.ts'

interface Patience {
  readonly waitMs: number
  readonly hookWaitMs: number
  readonly signal: () => AbortSignal
}

/** What the routes for knocks need. */
export interface KnockDeps {
  readonly receive: (knock: Knock, patience: Patience) => Promise<Receipt>
  readonly now: () => number
  readonly arrivals: Arrivals
  /** Counts one answered knock. */
  readonly knocked: (status: number, seconds: number) => void
  readonly begin: BeginWork
}

/** What is a route's own of how it takes and answers knocks. */
export interface KnockRoute {
  readonly proofOf: (request: Request) => Proof
  /** How long a knock waits for its outcome unless it prefers another time. Milliseconds. */
  readonly waitMs: () => number
  /** What is answered of a delivery that did not fail. */
  readonly bodyOf: (delivery: Delivery) => object
}

/** Answers one knock, with its receipt or a problem document, and counts it. */
export async function answerKnock(
  deps: KnockDeps,
  guard: RequestGuard,
  request: Request,
  { proofOf, waitMs, bodyOf }: KnockRoute,
): Promise<Response> {
  const startedAt = performance.now()
  let response: Response
  // As `guarded`, in fewer promises.
  try {
    guard.hosts.check(request)
    const knock = knockOf(deps, guard, request, proofOf(request))
    const receipt = await receiveWatched(deps, request, knock, patienceOf(guard, request, waitMs()))
    if (receipt.kind === 'ignored') guard.ignored(request, receipt.hook, receipt.why)
    response = receiptAnswer(receipt, bodyOf)
  } catch (thrown) {
    response = refusal(guard, request, thrown)
  }
  deps.knocked(response.status, (performance.now() - startedAt) / 1000)
  return response
}

/** What is shorter holds nobody up. */
const longBody = 65_536

/** Notes the work on a long body: until it is stored and its sender waits, or has its answer. */
function receiveWatched(
  { receive, begin }: KnockDeps,
  request: Request,
  knock: Knock,
  patience: Patience,
): Promise<Receipt> {
  const length = request.headers.get('content-length')
  if (length !== null && Number(length) < longBody) return receive(knock, patience)
  const end = begin('webhook')
  const signal = () => {
    end()
    return patience.signal()
  }
  return receive(knock, { ...patience, signal }).finally(end)
}

/** A request as the use cases see it. */
export function knockOf(deps: KnockDeps, guard: RequestGuard, request: Request, proof: Proof): Knock {
  let sent: Promise<Uint8Array> | undefined
  let body: Promise<Uint8Array> | undefined
  return {
    proof,
    receivedAt: deps.now(),
    peer: () => guard.peer(request),
    header: (name) => request.headers.get(name) ?? undefined,
    body: (maxBytes, as) => {
      sent ??= readBody(request, maxBytes, deps.arrivals)
      if (as === 'sent' || !request.headers.has('content-encoding')) return sent
      const by = as === 'unproven' ? 'stranger' : undefined
      body ??= sent.then((bytes) => unpacked(request, bytes, maxBytes, by))
      return body
    },
    keptHeaders: (form) => headersToKeep(request, form === 'message' ? knockHeaders : webhookHeaders),
  }
}

const longWaitMs = 15_000

/**
 * How long the caller waits, at a hook not at all unless it says so. `signal` is asked for when its message is stored: from then
 * on the wait may be long.
 */
function patienceOf(guard: RequestGuard, request: Request, fallbackMs: number): Patience {
  const preferredMs = preferredWaitMs(request)
  const waitMs = preferredMs ?? fallbackMs
  const signal = () => {
    if (waitMs > longWaitMs) guard.keepOpen(request)
    return request.signal
  }
  return { waitMs, hookWaitMs: preferredMs ?? 0, signal }
}

/** Whether whoever waits has what it waits for: the agent took the message, or answered it. */
export const isDone = (delivery: Delivery): boolean => delivery.state !== 'FAILED' && isAnswered(delivery)

/** To the sender of a webhook: 202 as soon as it is stored; with the agent's answer for a caller who waited for it. */
export function hookAnswer(delivery: Delivery): object {
  const delivered = isDone(delivery)
  return {
    status: delivered ? 'delivered' : 'accepted',
    deliveryId: delivery.id,
    session: delivery.session,
    // Absent in JSON when there is none.
    skillActivated: delivery.skill,
    response: delivered ? responseOf(delivery) : undefined,
    reason: delivered ? undefined : delivery.heldBecause,
  }
}

// Made once: a Headers object is copied in half the time that a plain one is read.
const plainHeaders = new Headers({
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
})
const replayedHeaders = new Headers([...plainHeaders, ['idempotency-replayed', 'true']])

/** Statuses whose answers have no body. */
const bodiless: readonly number[] = [204, 205]

/** A JSON answer to a knock, which no cache keeps. */
const knockAnswer = ({ body, status, replayed }: UsualAnswer): Response =>
  new Response(bodiless.includes(status) ? null : JSON.stringify(body), {
    status,
    headers: replayed ? replayedHeaders : plainHeaders,
  })

const handshakeAnswer = (answer: HandshakeAnswer): Response =>
  new Response(answer.status === 204 ? null : answer.body, {
    status: answer.status,
    headers: { 'cache-control': 'no-store', ...answer.headers },
  })

/**
 * What every route for knocks answers alike: a handshake, an ignored payload, the refusal a failure amounts to; 200 for a
 * delivered message and 202 for one that waits, with the body that `bodyOf` makes of the delivery; a hook's sender may be
 * answered in a form of its own.
 */
function receiptAnswer(receipt: Receipt, bodyOf: (delivery: Delivery) => object): Response {
  if (receipt.kind === 'handshake') return handshakeAnswer(receipt.answer)
  const usual = usualAnswer(receipt, bodyOf)
  const { respond } = receipt
  return respond
    ? (respondTo(respond, usual) ?? knockAnswer({ ...usual, status: respond.status ?? usual.status }))
    : knockAnswer(usual)
}

function usualAnswer(
  receipt: Exclude<Receipt, { kind: 'handshake' }>,
  bodyOf: (delivery: Delivery) => object,
): UsualAnswer {
  if (receipt.kind === 'ignored')
    return { body: { status: 'ignored', reason: receipt.why }, status: 202, replayed: false }
  const { delivery, replayed } = receipt
  if (delivery.state === 'FAILED') throw failureOf(delivery)
  return { body: bodyOf(delivery), status: isDone(delivery) ? 200 : 202, replayed }
}

/** The refusal that a failed delivery amounts to; its id goes with it. */
function failureOf(delivery: Delivery): Failure {
  const detail = delivery.detail ?? delivery.failedStep ?? 'unknown'
  const extra = { deliveryId: delivery.id }
  if (delivery.failedStep === 'session_ended')
    return new Failure('session_ended', `The session has ended: ${detail}`, extra)
  if (delivery.failedStep === 'skill')
    return new Failure('skill_unknown', 'Not delivered: the agent of the session has no such skill.', extra)
  if (delivery.failedStep === 'template')
    return new Failure('unprocessable', `Not delivered: ${detail}.`, extra)
  return new Failure('delivery_failed', `Stored but not delivered: ${detail}`, extra)
}
