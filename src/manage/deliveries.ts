import { Buffer } from 'node:buffer'
import { type Delivery, type DeliveryId, type DeliveryRecord, isDeliveryId } from '../domain/delivery.ts'
import type { Driver } from '../domain/driver.ts'
import { Failure } from '../domain/error.ts'
import { compose, isBlank } from '../domain/message.ts'
import type { Clock, DoorStore, Draft } from '../domain/ports.ts'
import { pause } from '../wait.ts'
import { openSessionCalled } from './find-session.ts'

/** One delivery with everything kept beside it. Throws `not_found`. */
export async function showDelivery(
  store: Pick<DoorStore, 'inspectDelivery'>,
  id: string,
): Promise<DeliveryRecord> {
  const record = await store.inspectDelivery(parseDeliveryId(id))
  if (!record) throw noSuchDelivery(id)
  return record
}

export interface RetryDeps {
  readonly store: Pick<DoorStore, 'requeueDelivery'>
  readonly clock: Pick<Clock, 'now'>
  /** How long it may wait for its session. */
  readonly maxHoldMs: number
}

/**
 * The id that a person means by it or by a unique beginning of it, of 8 characters or more behind `whd_`. Throws
 * `not_found` and `ambiguous`.
 */
export async function findDeliveryId(
  store: Pick<DoorStore, 'listDeliveries'>,
  text: string,
): Promise<DeliveryId> {
  if (isDeliveryId(text)) return text
  if (!/^whd_[0-9A-Za-z]{8,23}$/.test(text)) throw noSuchDelivery(text)
  const [found, another] = await store.listDeliveries({ idPrefix: text, limit: 2 })
  if (!found) throw noSuchDelivery(text)
  if (another) throw new Failure('ambiguous', 'Several deliveries begin so. Write more of the id.')
  return found.id
}

/** Makes a FAILED delivery PENDING again under its own id. Throws `not_found`, `in_flight` unless it FAILED, and the session failures. */
export function retryDelivery(deps: RetryDeps, id: string): Promise<Delivery> {
  const now = deps.clock.now()
  return deps.store.requeueDelivery(parseDeliveryId(id), now, now + deps.maxHoldMs)
}

export interface CancelDeps {
  readonly store: Pick<DoorStore, 'cancelDelivery'>
  readonly clock: Pick<Clock, 'now'>
}

/** FAILED with `cancelled` for a delivery that waits. Throws `not_found`, and `in_flight` for one that is under way or over. */
export const cancelDelivery = ({ store, clock }: CancelDeps, id: string): Promise<Delivery> =>
  store.cancelDelivery(parseDeliveryId(id), clock.now())

interface ReplayDeps {
  readonly store: Pick<DoorStore, 'inspectDelivery' | 'listDeliveries' | 'recordDelivery'>
  readonly clock: Pick<Clock, 'now'>
  readonly maxHoldMs: number
  /** Most unfinished deliveries of a session; 0 for no limit. */
  readonly queueLimit: number
}

/**
 * Sends the same message once more as a delivery of its own, from the operator; `message` replaces
 * the text. Two requests at once make one. Throws `not_found`, `in_flight` while a replay of it is unfinished,
 * `unprocessable` when the message is blank, and the session failures.
 */
export async function replayDelivery(deps: ReplayDeps, id: string, message?: string): Promise<Delivery> {
  const original = await showDelivery(deps.store, id)
  await refuseUnfinishedReplay(deps.store, original)
  const { delivery } = await deps.store.recordDelivery(await draftReplay(deps, original, message))
  return delivery
}

/** Erases one delivery for good. Throws `not_found`, and `in_flight` while an attempt is under way. */
export async function purgeDelivery(store: Pick<DoorStore, 'purgeDelivery'>, id: string): Promise<void> {
  if (!(await store.purgeDelivery(parseDeliveryId(id)))) throw noSuchDelivery(id)
}

export interface Inbox {
  readonly store: Pick<DoorStore, 'findSession' | 'listSessions' | 'listDeliveries'>
  readonly drivers: ReadonlyMap<string, Pick<Driver, 'delivery'>>
}

/**
 * The oldest message that waits in an inbox, or undefined; it stays until acknowledged. Throws `session_missing`,
 * `session_ended` once the session is over and nothing waits, and `usage` for a session whose driver pushes.
 */
export async function nextInInbox(deps: Inbox, id: string): Promise<Delivery | undefined> {
  const session = await openSessionCalled(deps.store, id)
  if (deps.drivers.get(session.driver)?.delivery !== 'pull')
    throw new Failure(
      'usage',
      `"${id}" is no inbox: its messages are brought to it by "${session.driver}".`,
      { plain: `The session is no inbox: its messages are brought to it by "${session.driver}".` },
    )
  const [oldest] = await deps.store.listDeliveries({
    session: session.id,
    unfinished: true,
    notPaused: true,
    oldestFirst: true,
    limit: 1,
  })
  return oldest
}

/** How often the store is asked whether it has changed. */
const lookMs = 50

/** The same, and waits for one at most `waitMs`, until `signal` aborts. */
export async function waitInInbox(
  deps: Inbox & { readonly store: Pick<DoorStore, 'commits'> },
  id: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<Delivery | undefined> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
  for (;;) {
    const state = await deps.store.commits()
    const found = await nextInInbox(deps, id)
    if (found || over.aborted) return found
    do await pause(lookMs, over)
    while (!over.aborted && (await deps.store.commits()) === state)
  }
}

/** The agent side has the message. Throws `not_found`, and `in_flight` when it is not waiting in an inbox. */
export function acknowledge(
  deps: { readonly store: Pick<DoorStore, 'acknowledgeDelivery'>; readonly clock: Pick<Clock, 'now'> },
  id: string,
): Promise<Delivery> {
  return deps.store.acknowledgeDelivery(parseDeliveryId(id), deps.clock.now())
}

function parseDeliveryId(text: string): DeliveryId {
  if (!isDeliveryId(text)) throw noSuchDelivery(text)
  return text
}

async function refuseUnfinishedReplay(
  store: Pick<DoorStore, 'listDeliveries'>,
  original: Delivery,
): Promise<void> {
  const waiting = await store.listDeliveries({
    session: original.session,
    unfinished: true,
    limit: 10_000,
  })
  const replay = waiting.find((delivery) => delivery.replayOf === original.id)
  if (replay) throw new Failure('in_flight', `A replay of it is still under way: ${replay.id}.`)
}

async function draftReplay(
  deps: ReplayDeps,
  original: DeliveryRecord,
  edited: string | undefined,
): Promise<Draft> {
  const now = deps.clock.now()
  const message = edited === undefined ? original.message : compose(edited, undefined)
  if (isBlank(message))
    throw new Failure('unprocessable', 'That delivery has no message to send again; give it one.')
  return {
    ...keptParts(original),
    source: { kind: 'admin' },
    message,
    replayOf: original.id,
    idempotency: await sameClick(original.id, message),
    receivedAt: now,
    expiresAt: now + deps.maxHoldMs,
    queueLimit: deps.queueLimit,
  }
}

const keptParts = (original: DeliveryRecord) => ({
  session: original.session,
  action: original.action,
  headers: original.headers,
  from: original.from,
  skill: original.skill,
  callbackUrl: original.callbackUrl,
  timeoutMs: original.timeoutMs,
  responseSchema: original.responseSchema,
  payload: original.payload,
  contentType: original.contentType,
})

const clickWindowMs = 2000

/**
 * Requests that arrive together see no unfinished replay yet; the store makes one of them. Web crypto, because loading
 * `node:crypto` would cost every command 5 ms.
 */
async function sameClick(original: DeliveryId, message: string): Promise<NonNullable<Draft['idempotency']>> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(message))
  const fingerprint = Buffer.from(digest).toString('hex')
  return { key: `replay:${original}:${fingerprint.slice(0, 16)}`, fingerprint, windowMs: clickWindowMs }
}

const noSuchDelivery = (id: string): Failure =>
  new Failure('not_found', `There is no delivery "${id}".`, { plain: 'There is no such delivery.' })
