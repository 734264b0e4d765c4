import {
  askedText,
  boundedDetail,
  closedBy,
  type Decision,
  type DecisionId,
  decidedAlready,
  isOpen,
  mostClosed,
  mostOpen,
  type NewDecision,
  noSuchDecision,
  whatHappened,
} from '../../src/domain/decision.ts'
import { type DeliveryEvent, type DeliveryId, isTerminal } from '../../src/domain/delivery.ts'
import { Failure } from '../../src/domain/error.ts'
import { oneLine } from '../../src/domain/one-line.ts'
import type { DoorStore } from '../../src/domain/ports.ts'
import { requireOpen, type SessionId } from '../../src/domain/session.ts'
import type { MemoryState, Write } from './memory-store.ts'

export type Note = (id: DeliveryId, event: Omit<DeliveryEvent, 'at'>) => void

type DecisionMethods = Pick<
  DoorStore,
  'openDecision' | 'decide' | 'closeDecision' | 'findDecision' | 'listDecisions'
>

/** The part of the memory store that keeps decisions. */
export function memoryDecisions(state: MemoryState, write: Write, note: Note): DecisionMethods {
  const all = state.decisions
  return {
    openDecision: (draft) => write(() => open(state, note, draft)),
    decide: (id, verdict, door, now) =>
      write(() => {
        const decision = all.get(id)
        if (!decision) throw noSuchDecision()
        if (decision.state !== 'open') throw decidedAlready(decision)
        if (now >= decision.expiresAt) throw decidedAlready({ ...decision, state: 'expired' })
        return put(state, { ...decision, state: 'deciding', verdict, door })
      }),
    closeDecision: (id, end, now) => write(() => close(state, note, id, end, now)),
    findDecision: async (id) => all.get(id),
    listDecisions: async ({ session, open: onlyOpen, idPrefix = '', limit }) =>
      [...all.values()]
        .reverse()
        .filter(
          (decision) =>
            (session === undefined || decision.session === session) &&
            (!onlyOpen || isOpen(decision)) &&
            decision.id.startsWith(idPrefix),
        )
        .slice(0, limit),
  }
}

function open(state: MemoryState, note: Note, draft: NewDecision): Decision {
  const session = requireOpen(state.sessions.get(draft.session), draft.session)
  if (session.generation !== draft.generation)
    throw new Failure('session_ended', 'That opening of the session is over.')
  if (!session.decisions) throw new Failure('session_not_allowed', 'Its configuration does not say so.')
  const open = [...state.decisions.values()].filter((one) => one.session === draft.session && isOpen(one))
  if (open.length >= mostOpen) throw new Failure('queue_full', 'Its agent asks too much.')
  const before = open.find(
    ({ generation, request }) => generation === draft.generation && request.id === draft.request.id,
  )
  if (before) return before
  const closed = [...state.decisions.values()].filter((one) => !isOpen(one))
  for (const { id } of closed.slice(0, Math.max(0, closed.length - mostClosed + 1)))
    state.decisions.delete(id)
  const inFlight = state.rows.find(
    ({ delivery }) =>
      delivery.session === draft.session &&
      !isTerminal(delivery.state) &&
      delivery.phase === 'deliver' &&
      delivery.leasedUntil !== undefined,
  )
  const { delivery = inFlight?.delivery.id, ...request } = draft.request
  const opened = put(state, {
    ...draft,
    request: {
      ...request,
      title: oneLine(request.title),
      detail: boundedDetail(request.detail),
      ...(delivery !== undefined && { delivery }),
    },
    state: 'open',
  })
  if (delivery !== undefined) note(delivery, { kind: 'asked', detail: askedText(opened) })
  return opened
}

function close(
  state: MemoryState,
  note: Note,
  id: DecisionId,
  end: Parameters<DoorStore['closeDecision']>[1],
  now: number,
): Decision | undefined {
  const decision = state.decisions.get(id)
  const closedAs = decision && closedBy(decision, end)
  if (decision === undefined || closedAs === undefined) return decision
  const closed = put(state, {
    ...decision,
    state: closedAs,
    closedAt: now,
    ...(end.why !== undefined && { why: oneLine(end.why) }),
  })
  const { delivery, title } = closed.request
  if (delivery !== undefined)
    note(delivery, { kind: 'decided', detail: `${title} (${id}): ${whatHappened(closed)}` })
  return closed
}

export function withdrawAll(
  state: MemoryState,
  note: Note,
  session: SessionId,
  why: string,
  now: number,
): void {
  for (const decision of state.decisions.values())
    if (decision.session === session) close(state, note, decision.id, { how: 'withdrawn', why }, now)
}

function put(state: MemoryState, decision: Decision): Decision {
  state.decisions.set(decision.id, decision)
  return decision
}
