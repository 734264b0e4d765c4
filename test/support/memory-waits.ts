import type { DeliveryId } from '../../src/domain/delivery.ts'
import { Failure } from '../../src/domain/error.ts'
import { forbidden, type GrantId } from '../../src/domain/grant.ts'
import type { Draft, Store } from '../../src/domain/ports.ts'
import { requireOpen, type SessionId } from '../../src/domain/session.ts'
import { isOfWait, type Wait } from '../../src/domain/wait.ts'
import { answeredMessage, expiredMessage } from '../../src/domain/wait-message.ts'
import type { WaitFilter, WaitOrder } from '../../src/domain/wait-store.ts'
import type { MemoryState } from './memory-store.ts'

type Write = <T>(act: () => T) => Promise<T>
type Waits = Pick<Store, 'openWait' | 'findWait' | 'listWaits' | 'cancelWait' | 'expireWaits'>

/** `store` takes the message of a wait's end, and gives its id. */
export function memoryWaits(
  state: MemoryState,
  now: () => number,
  write: Write,
  store: (draft: Draft) => DeliveryId,
): Waits {
  return {
    openWait: (order, most) => write(() => open(state, order, most, now())),
    findWait: async (by) =>
      [...state.waits.values()].find(({ id, grant }) => ('id' in by ? id === by.id : grant === by.grant)),
    listWaits: async (filter) => {
      const matching = [...state.waits.values()].filter((wait) => matches(wait, filter))
      const sorted = matching.sort((a, b) => a.changed - b.changed)
      return filter.after === undefined ? sorted.slice(-filter.limit) : sorted.slice(0, filter.limit)
    },
    cancelWait: (id) =>
      write(() => {
        const wait = state.waits.get(id)
        if (wait?.state === 'armed') cancel(state, wait, now())
        return state.waits.get(id)
      }),
    expireWaits: (holdMs) =>
      write(() => {
        const due = [...state.waits.values()].filter(
          (wait) => wait.state === 'armed' && wait.expiresAt <= now(),
        )
        for (const wait of due) expire(state, wait, now(), holdMs, store)
        return due.length
      }),
  }
}

function open(state: MemoryState, { id, grant, terms, ttlMs }: WaitOrder, most: number, now: number) {
  const { session, generation } = grant
  const found = requireOpen(session && state.sessions.get(session), session ?? '')
  if (generation === undefined || found.generation !== generation) throw forbidden()
  const own = [...state.waits.values()].filter(
    (wait) => wait.session === session && wait.generation === generation,
  )
  const known = own.findLast(({ key }) => key !== undefined && key === terms.key)
  if (known && known.what !== terms.what)
    throw new Failure('idempotency_conflict', 'Another wait has that key.')
  if (known) return { wait: known, isNew: false }
  if (most > 0 && own.filter((wait) => wait.state === 'armed').length >= most)
    throw new Failure('wait_limit', 'Too many.')
  state.grants.set(grant.id, grant)
  const opened = { ...terms, id, grant: grant.id, session: found.id, generation, createdAt: now }
  const wait: Wait = { ...opened, state: 'armed', expiresAt: now + ttlMs, changed: nextChange(state, now) }
  state.waits.set(id, wait)
  return { wait, isNew: true }
}

/** The message that a draft at the URL of a wait becomes; undefined where it is no wait's. */
export function answer(
  state: MemoryState,
  draft: Draft,
  grantId: GrantId | undefined,
  now: number,
): ((delivery: DeliveryId) => string) | undefined {
  const grant = grantId && state.grants.get(grantId)
  if (!grant || !isOfWait(grant)) return undefined
  const wait = [...state.waits.values()].find((each) => each.grant === grant.id)
  if (wait === undefined) return undefined
  if (wait.state !== 'armed' || now >= wait.expiresAt) throw forbidden()
  return (delivery) => {
    close(state, wait, now, { state: 'answered', delivery })
    const { message: text, nonce = '', awaited = false } = draft
    return answeredMessage(wait, { delivery, text, nonce, afterMs: now - wait.createdAt, awaited })
  }
}

export function cancelAll(state: MemoryState, session: SessionId, now: number): void {
  for (const wait of state.waits.values())
    if (wait.session === session && wait.state === 'armed') cancel(state, wait, now)
}

function expire(
  state: MemoryState,
  wait: Wait,
  now: number,
  holdMs: number,
  store: (draft: Draft) => DeliveryId,
): void {
  const delivery = store({
    ...{ session: wait.session, source: { kind: 'wait', grant: wait.grant }, action: 'input' },
    ...{ message: expiredMessage(wait), headers: {} },
    ...{ receivedAt: now, expiresAt: now + holdMs, queueLimit: 0 },
  })
  close(state, wait, now, { state: 'expired', delivery })
}

function cancel(state: MemoryState, wait: Wait, now: number): void {
  const grant = state.grants.get(wait.grant)
  if (grant) state.grants.set(grant.id, { ...grant, revokedAt: grant.revokedAt ?? now })
  close(state, wait, now, { state: 'cancelled' })
}

const close = (state: MemoryState, wait: Wait, now: number, end: Partial<Wait>) =>
  state.waits.set(wait.id, { ...wait, ...end, closedAt: now, changed: nextChange(state, now) })

const nextChange = ({ waits }: MemoryState, now: number): number =>
  Math.max(now, ...[...waits.values()].map(({ changed }) => changed + 1))

const matches = (wait: Wait, { session, generation, open, after }: WaitFilter): boolean =>
  (session === undefined || wait.session === session) &&
  (generation === undefined || wait.generation === generation) &&
  (!open || wait.state === 'armed') &&
  (after === undefined || wait.changed > after)
