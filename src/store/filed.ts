import type { Delivery, DeliveryId } from '../domain/delivery.ts'
import type { Draft, Recorded } from '../domain/ports.ts'
import type { Moment } from './saved-time.ts'

export type Held = Required<Pick<Delivery, 'heldBecause' | 'detail'>>

/** What became of a draft: the row that was made of it, or the delivery that its key was used for first. */
export type Filed = { readonly row: Row } | { readonly first: Delivery }

/** What the store adds to a draft; times by the wall clock, Unix milliseconds. */
export interface Row {
  readonly id: DeliveryId
  readonly seq: number
  readonly receivedAt: number
  readonly storedAt: number
  readonly expiresAt: number
  readonly leasedUntil: number | undefined
  readonly held: Held | undefined
  /** What the store made of the message, where that is the answer to a wait. */
  readonly message?: string | undefined
}

export const onWall = (row: Row, toWall: (at: number) => number): Row => ({
  ...row,
  receivedAt: toWall(row.receivedAt),
  storedAt: toWall(row.storedAt),
  expiresAt: toWall(row.expiresAt),
  leasedUntil: row.leasedUntil === undefined ? undefined : toWall(row.leasedUntil),
})

/** A wall clock that jumped while the knock was under way takes nothing of its time to wait. */
export function onStoreTime(draft: Draft, { wall, steady }: Moment): Draft {
  if (steady === wall) return draft
  const ageMs = wall - draft.receivedAt
  const receivedAt = steady - (ageMs >= 0 && ageMs <= longestKnockMs ? ageMs : 0)
  return { ...draft, receivedAt, expiresAt: receivedAt + draft.expiresAt - draft.receivedAt }
}

/** Longest time from the first byte of a knock until it is stored. Milliseconds. */
const longestKnockMs = 300_000

/** What whoever gave the draft gets for it. */
export function recorded(draft: Draft, filed: Filed): Recorded {
  if ('first' in filed) return { delivery: filed.first, replayed: true, leased: false }
  return {
    delivery: deliveryOfDraft(draft, filed.row),
    replayed: false,
    leased: filed.row.leasedUntil !== undefined,
  }
}

function deliveryOfDraft(draft: Draft, row: Row): Delivery {
  const { failed, from, skill, callbackUrl, timeoutMs, idempotency, replayOf, responseSchema } = draft
  const { held, leasedUntil, storedAt } = row
  const delivery: { -readonly [member in keyof Delivery]: Delivery[member] } = {
    id: row.id,
    seq: row.seq,
    session: draft.session,
    source: draft.source,
    action: draft.action,
    state: failed ? 'FAILED' : 'PENDING',
    phase: 'deliver',
    message: row.message ?? draft.message,
    receivedAt: row.receivedAt,
    storedAt,
    dueAt: storedAt,
    expiresAt: row.expiresAt,
    failures: 0,
    attempts: leasedUntil === undefined ? 0 : 1,
  }
  // One by one: what most knocks lack costs them nothing then.
  if (failed) Object.assign(delivery, { failedStep: failed.step, detail: failed.detail, settledAt: storedAt })
  if (held) Object.assign(delivery, held)
  if (from !== undefined) delivery.from = from
  if (skill !== undefined) delivery.skill = skill
  if (callbackUrl !== undefined) delivery.callbackUrl = callbackUrl
  if (timeoutMs !== undefined) delivery.timeoutMs = timeoutMs
  if (idempotency) delivery.idempotencyKey = idempotency.key
  if (replayOf !== undefined) delivery.replayOf = replayOf
  if (responseSchema !== undefined) delivery.responseSchema = responseSchema
  if (leasedUntil !== undefined) delivery.leasedUntil = leasedUntil
  return delivery
}
