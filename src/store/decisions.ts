import {
  askedOf,
  askedText,
  boundedDetail,
  closedBy,
  type Decision,
  type DecisionDoor,
  type DecisionEnd,
  type DecisionFilter,
  type DecisionId,
  decidedAlready,
  mostClosed,
  mostOpen,
  type NewDecision,
  noSuchDecision,
  type Verdict,
  whatHappened,
} from '../domain/decision.ts'
import { type DeliveryId, type EventKind, seqOf } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import { type Happening, inputKey } from '../domain/notice.ts'
import { oneLine } from '../domain/one-line.ts'
import type { DoorStore } from '../domain/ports.ts'
import { requireOpen, type SessionId } from '../domain/session.ts'
import type { SqlRow } from '../platform/platform.ts'
import type { ReadContext, StoreContext } from './context.ts'
import { happened } from './notices.ts'
import { number, orUndefined, text } from './rows.ts'
import { addEvents } from './timeline.ts'

export const decisionWrites = (
  context: StoreContext,
): Pick<DoorStore, 'openDecision' | 'decide' | 'closeDecision'> => ({
  openDecision: (draft) => context.write(() => open(context, draft)),
  decide: (id, verdict, door, now) => context.write(() => decide(context, id, verdict, door, now)),
  closeDecision: (id, end, now) => context.write(() => close(context, id, end, now)),
})

function open(context: StoreContext, draft: NewDecision): Decision {
  requireAsking(context, draft)
  const before = openOf(context, draft)
  if (before) return before
  trim(context)
  const { request } = draft
  const delivery = request.delivery ?? inFlight(context, draft.session)
  context
    .sql(
      `INSERT INTO decisions (id, session, generation, request, kind, title, detail, state, opened_at, expires_at, delivery, asker)
       VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?)`,
    )
    .run(
      ...[draft.id, draft.session, draft.generation, request.id, request.kind, oneLine(request.title)],
      ...[
        boundedDetail(request.detail),
        draft.openedAt,
        draft.expiresAt,
        delivery ?? null,
        draft.asker ?? null,
      ],
    )
  const opened = required(context, draft.id)
  note(context, opened, 'asked', askedText(opened))
  happened(context, asked(opened))
  return opened
}

/** `decision` stands for the address at which it is decided, which is made when somebody is told. */
const asked = ({ id, session, generation, request, openedAt }: Decision): Happening => ({
  name: 'needs_input',
  session,
  data: { kind: request.kind, asks: askedOf(request), since: openedAt, decision: id },
  once: inputKey(session, generation, id),
})

/** Only the opening that asks, and only where the session's configuration says so. */
function requireAsking(context: StoreContext, { session: id, generation }: NewDecision): void {
  const session = requireOpen(context.cache.session(id), id)
  if (session.generation !== generation)
    throw new Failure('session_ended', 'That opening of the session is over.')
  if (!session.decisions)
    throw new Failure(
      'session_not_allowed',
      'What the agent of this session asks is not put before people: its configuration does not say `decisions: true`.',
    )
  const row = context
    .sql('SELECT COUNT(*) AS n FROM decisions WHERE session = ? AND closed_at IS NULL')
    .get(id)
  if (number(row?.n) >= mostOpen)
    throw new Failure('queue_full', `Its agent asks ${mostOpen} things already.`)
}

function openOf({ sql }: StoreContext, { session, generation, request }: NewDecision): Decision | undefined {
  const row = sql(
    'SELECT * FROM decisions WHERE session = ? AND generation = ? AND request = ? AND closed_at IS NULL',
  ).get(session, generation, request.id)
  return row && decisionOf(row)
}

function inFlight({ cache, sql }: StoreContext, session: SessionId): DeliveryId | undefined {
  const head = cache.head(session)
  if (head?.leasedUntil === undefined) return undefined
  const row = sql('SELECT id FROM deliveries WHERE seq = ?').get(head.seq)
  return row && (text(row.id) as DeliveryId)
}

/** The oldest that are over give way. */
function trim({ sql }: StoreContext): void {
  sql(
    `DELETE FROM decisions WHERE closed_at IS NOT NULL AND seq <=
       (SELECT seq FROM decisions WHERE closed_at IS NOT NULL ORDER BY seq DESC LIMIT 1 OFFSET ?)`,
  ).run(mostClosed - 1)
}

function decide(
  context: StoreContext,
  id: DecisionId,
  verdict: Verdict,
  door: DecisionDoor,
  now: number,
): Decision {
  const decision = required(context, id)
  if (decision.state !== 'open') throw decidedAlready(decision)
  if (now >= decision.expiresAt) throw decidedAlready({ ...decision, state: 'expired' })
  context
    .sql(`UPDATE decisions SET state = 'deciding', verdict = ?, door = ? WHERE id = ?`)
    .run(verdict, door, id)
  return required(context, id)
}

function close(context: StoreContext, id: DecisionId, end: DecisionEnd, now: number): Decision | undefined {
  const decision = findDecision(context, id)
  const state = decision && closedBy(decision, end)
  if (state === undefined) return decision
  context
    .sql('UPDATE decisions SET state = ?, why = ?, closed_at = ? WHERE id = ?')
    .run(state, end.why === undefined ? null : oneLine(end.why), now, id)
  const closed = required(context, id)
  note(context, closed, 'decided', `${closed.request.title} (${id}): ${whatHappened(closed)}`)
  return closed
}

/** Nobody asks any more: that opening of the session is over. */
export function withdrawAll(context: StoreContext, session: SessionId, why: string): void {
  const open = context.sql('SELECT id FROM decisions WHERE session = ? AND closed_at IS NULL').all(session)
  for (const { id } of open) close(context, text(id) as DecisionId, { how: 'withdrawn', why }, context.now())
}

/** Forgets what the turn of a delivery asked: its bytes are erased. */
export function forgetDecisionsOf({ sql }: StoreContext, delivery: DeliveryId): void {
  sql('DELETE FROM decisions WHERE delivery = ?').run(delivery)
}

function note(
  context: StoreContext,
  { request: { delivery } }: Decision,
  kind: EventKind,
  detail: string,
): void {
  if (delivery === undefined) return
  const seq = seqOf(delivery)
  const known = context.sql('SELECT 1 AS n FROM deliveries WHERE seq = ? AND id = ?').get(seq, delivery)
  if (known) addEvents(context, seq, [{ at: context.time.now(), kind, detail }])
}

function required(context: StoreContext, id: DecisionId): Decision {
  const decision = findDecision(context, id)
  if (!decision) throw noSuchDecision()
  return decision
}

export function findDecision({ sql }: ReadContext, id: DecisionId): Decision | undefined {
  const row = sql('SELECT * FROM decisions WHERE id = ?').get(id)
  return row && decisionOf(row)
}

export function listDecisions(
  { sql }: ReadContext,
  { session, open: onlyOpen = false, idPrefix = '', limit }: DecisionFilter,
): readonly Decision[] {
  // Of the two only that one is answered from its index: agents' states are looked at again and again.
  const among = onlyOpen ? 'closed_at IS NULL' : 'TRUE'
  return sql(
    `SELECT * FROM decisions
     WHERE ${among} AND (CAST(?1 AS TEXT) IS NULL OR session = ?1) AND substr(id, 1, length(?2)) = ?2
     ORDER BY seq DESC LIMIT ?3`,
  )
    .all(session ?? null, idPrefix, limit)
    .map(decisionOf)
}

function decisionOf(row: SqlRow): Decision {
  const delivery = orUndefined(row.delivery, text)
  const verdict = orUndefined(row.verdict, text)
  const door = orUndefined(row.door, text)
  const why = orUndefined(row.why, text)
  const closedAt = orUndefined(row.closed_at, number)
  const asker = orUndefined(row.asker, text)
  return {
    id: text(row.id) as DecisionId,
    session: text(row.session) as SessionId,
    generation: text(row.generation),
    request: {
      id: text(row.request),
      kind: text(row.kind) as Decision['request']['kind'],
      title: text(row.title),
      detail: text(row.detail),
      ...(delivery !== undefined && { delivery: delivery as DeliveryId }),
    },
    state: text(row.state) as Decision['state'],
    ...(verdict !== undefined && { verdict: verdict as Verdict }),
    ...(door !== undefined && { door: door as DecisionDoor }),
    ...(why !== undefined && { why }),
    openedAt: number(row.opened_at),
    expiresAt: number(row.expires_at),
    ...(closedAt !== undefined && { closedAt }),
    ...(asker !== undefined && { asker }),
  }
}
