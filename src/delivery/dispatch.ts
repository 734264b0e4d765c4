import type { FitOf } from '../domain/answer.ts'
import { type Delivery, type DeliveryEvent, type HeldBecause, outlivesSession } from '../domain/delivery.ts'
import type { Connection, Outgoing } from '../domain/driver.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import type { Evidence, Outcome } from '../domain/outcome.ts'
import { pausedText } from '../domain/pause.ts'
import type { Clock, DoorStore, HostLink, Log } from '../domain/ports.ts'
import { sessionOrAnew } from '../domain/read-anew.ts'
import { textFor } from '../domain/reply.ts'
import type { RetryPolicy } from '../domain/retry-policy.ts'
import { closedBecause, closedText, type Session } from '../domain/session.ts'
import { settle } from '../domain/settle.ts'
import { isUnspent, type Settlement, settled } from '../domain/settlement.ts'
import { grantBehind } from '../domain/source.ts'
import { pause } from '../wait.ts'
import type { CallBack } from './callback.ts'
import { checkedTurn } from './checked-turn.ts'
import type { Connections } from './connections.ts'
import { noteSession } from './session-note.ts'
import type { Slots } from './slots.ts'
import type { Waiters } from './waiters.ts'

type DispatchLink = Pick<
  HostLink,
  'settleDelivery' | 'acceptDelivery' | 'appendEvents' | 'endSession' | 'markSession' | 'failQueued'
>

export interface DispatchDeps {
  readonly store: Pick<DoorStore, 'findSession' | 'findGrant' | 'findDelivery' | 'listPauses'> & DispatchLink
  /** Whether an answer is what its sender asked for. */
  readonly fitOf: FitOf
  readonly connections: Connections
  readonly waiters: Waiters
  /** Brings the outcome of a turn to its callback URL. */
  readonly callBack: CallBack
  readonly clock: Clock
  readonly log: Log
  readonly policy: () => RetryPolicy
  /** The turns that may run at once. */
  readonly turns: Slots
  /** Longest time one message or turn may take, unless the delivery names another. Milliseconds. */
  readonly timeoutMs: () => number
}

/**
 * One attempt at a delivery that is leased to this process: send → outcome → settle → store.
 * Never throws. `stopping` lets go of what has not reached its agent yet.
 */
export async function dispatch(deps: DispatchDeps, delivery: Delivery, stopping: AbortSignal): Promise<void> {
  const run: Run = { deps, delivery, stopping, acceptedAt: delivery.acceptedAt }
  const outcome = await outcomeOf(run)
  const { acceptedAt, evidence = delivery.evidence } = run
  const judged = { ...delivery, ...(acceptedAt && { acceptedAt }), ...(evidence && { evidence }) }
  const now = deps.clock.now()
  const settlement = settle(judged, outcome, now, deps.clock.random(), deps.policy())
  if (!(await storeSettlement(run, settlement, now))) return
  deps.waiters.notify(settled(judged, settlement, now))
  if (isNews(delivery, settlement))
    deps.log('info', 'delivery.settled', {
      delivery: delivery.id,
      session: delivery.session,
      state: settlement.state,
      outcome: outcome.kind,
      failedStep: settlement.failedStep,
      heldBecause: settlement.heldBecause,
    })
  if (delivery.phase === 'deliver') await noteSession(deps, run, outcome)
}

/** A message that is held is looked at every second: that it is still held for the same cause is no event. */
const isNews = (before: Delivery, after: Settlement): boolean =>
  !isUnspent(after) || before.state !== after.state || before.heldBecause !== after.heldBecause

/** One attempt, with what it has found out so far: that is known even if the attempt then breaks off. */
interface Run {
  readonly deps: DispatchDeps
  readonly delivery: Delivery
  readonly stopping: AbortSignal
  acceptedAt: number | undefined
  evidence?: Evidence
  /** The opening of the session that the attempt is for. */
  generation?: string | undefined
}

/** Every attempt must end in an outcome: whatever is thrown becomes one. */
async function outcomeOf(run: Run): Promise<Outcome> {
  const { deps, delivery } = run
  try {
    return delivery.phase === 'callback' ? await callBack(run) : await attempt(run)
  } catch (thrown) {
    const why = reasonOf(thrown)
    if (thrown instanceof Failure && thrown.code === 'store_unavailable' && run.acceptedAt === undefined)
      return { kind: 'released', why }
    deps.log('error', 'driver.threw', { delivery: delivery.id, why })
    return { kind: 'failed', why: `driver error: ${why}`, retry: true }
  }
}

const serverStops: Outcome = { kind: 'released', why: 'the server is stopping' }

/** The agent is done: a callback neither needs its session nor keeps it waiting. */
async function callBack({ deps, delivery, stopping }: Run): Promise<Outcome> {
  const outcome = await deps.callBack(delivery, stopping)
  return stopping.aborted && outcome.kind !== 'taken' ? serverStops : outcome
}

async function attempt(run: Run): Promise<Outcome> {
  const { deps, delivery } = run
  const session = await sessionOrAnew(deps.store, delivery.session)
  run.generation = session?.generation
  const refusal = await refusalOf(deps, delivery, session)
  if (refusal) return refusal
  if (run.stopping.aborted) return serverStops
  const connection = session && deps.connections.to(session)
  if (!connection) return { kind: 'offline', why: `this build has no driver "${session?.driver ?? ''}"` }
  const recalled = mayHaveArrived(run) ? await connection.recall(delivery.id) : undefined
  if (recalled) return fitting(run, connection, signalOf(run), recalled)
  // Taken before a crash: sending it again would be a second turn.
  if (run.acceptedAt !== undefined)
    return { kind: 'unknown', why: 'the server stopped during the turn', accepted: true }
  return inTurn(run, connection)
}

/** A turn waits for its place among those that may run at once. */
async function inTurn(run: Run, connection: Connection): Promise<Outcome> {
  const { deps, delivery, stopping } = run
  if (delivery.action !== 'turn' && !connection.injectIsTurn && !connection.turnOver)
    return send(run, connection)
  const leave = await deps.turns.take(delivery.receivedAt, stopping)
  if (!leave) return stopping.aborted ? serverStops : tooManyTurns
  try {
    return (
      (await refusalOf(deps, delivery, await sessionOrAnew(deps.store, delivery.session))) ??
      (await pausedMeanwhile(deps, delivery)) ??
      (await send(run, connection))
    )
  } finally {
    void (connection.turnOver?.() ?? Promise.resolve()).then(leave)
  }
}

const tooManyTurns: Outcome = {
  kind: 'busy',
  why: 'as many turns run as limits.turnsAtOnce allows',
  retryAfterMs: 5000,
}

/** What ends the attempt before it comes to a driver. */
async function refusalOf(
  deps: DispatchDeps,
  delivery: Delivery,
  session: Session | undefined,
): Promise<Outcome | undefined> {
  const because = closedBecause(session)
  if (because && outlivesSession(delivery) && deps.clock.now() < delivery.expiresAt)
    return { kind: 'closed', because, why: closedText(session) }
  if (!session) return { kind: 'ended', why: 'there is no such session any more' }
  if (session.state === 'ended')
    return {
      kind: 'ended',
      ...(session.exitCode !== undefined && { exitCode: session.exitCode }),
      ...(session.why !== undefined && { why: session.why }),
    }
  if (deps.clock.now() >= delivery.expiresAt)
    return { kind: 'expired', why: delivery.detail ?? 'waited too long' }
  const id = grantBehind(delivery.source)
  if (id === undefined || delivery.acceptedAt !== undefined) return undefined
  const grant = await deps.store.findGrant(id)
  return grant && grant.revokedAt === undefined ? undefined : { kind: 'revoked' }
}

/** What was claimed before its session or hook was paused, and waited for its place among the turns. */
async function pausedMeanwhile({ store }: DispatchDeps, delivery: Delivery): Promise<Outcome | undefined> {
  const why = pausedText(new Set((await store.listPauses()).map(({ target }) => target)), delivery)
  return why === undefined ? undefined : { kind: 'released', why }
}

const mayHideArrival: readonly HeldBecause[] = ['offline', 'released', 'session_ended']

/** Whether an earlier attempt may have reached the agent; `attempts` does not count those that ended offline or released. */
const mayHaveArrived = ({ delivery: { attempts, heldBecause }, acceptedAt }: Run): boolean =>
  attempts > 1 ||
  acceptedAt !== undefined ||
  (heldBecause !== undefined && mayHideArrival.includes(heldBecause))

const signalOf = ({ deps, delivery, stopping }: Run): AbortSignal =>
  AbortSignal.any([stopping, AbortSignal.timeout(delivery.timeoutMs ?? deps.timeoutMs())])

async function send(run: Run, connection: Connection): Promise<Outcome> {
  const { deps, delivery } = run
  const signal = signalOf(run)
  const message: Outgoing = {
    deliveryId: delivery.id,
    text: textFor(delivery),
    since: delivery.receivedAt,
    ...(delivery.skill !== undefined && { skill: delivery.skill }),
  }
  if (delivery.action !== 'turn') return connection.inject(message, signal)
  const outcome = await connection.turn(message, signal, {
    accepted: async (evidence = 'ack') => {
      run.acceptedAt = deps.clock.now()
      run.evidence ??= evidence
      await deps.store.acceptDelivery(delivery.id, delivery.attempts, run.acceptedAt, evidence)
    },
    progress: (event) => note(run, event),
  })
  return fitting(run, connection, signal, outcome)
}

/** The end of a turn whose answer must fit a schema: the agent is asked again where it does not, in the same delivery. */
function fitting(run: Run, connection: Connection, signal: AbortSignal, outcome: Outcome): Promise<Outcome> {
  const { deps, delivery } = run
  return checkedTurn(
    {
      delivery,
      fitOf: deps.fitOf,
      isReplied: async () => (await deps.store.findDelivery(delivery.id))?.repliedAt !== undefined,
      turn: (message, on) => connection.turn(message, signal, on),
      note: (event) => note(run, event),
      signal,
    },
    outcome,
  )
}

/** The timeline is worth less than the turn: a line that cannot be stored is logged and let go. */
function note({ deps, delivery }: Run, event: Omit<DeliveryEvent, 'at'>): void {
  const events = [{ ...event, at: deps.clock.now() }]
  deps.store.appendEvents(delivery.id, delivery.attempts, events).catch((thrown: unknown) => {
    deps.log('warn', 'timeline.lost', { delivery: delivery.id, why: reasonOf(thrown) })
  })
}

/**
 * The agent has the message, so its end must reach the disk: attempted until it does or the server stops. Until then the session
 * takes nothing else. False when given up; the next start finds the attempt without an end and shows it as unknown.
 */
async function storeSettlement(run: Run, settlement: Settlement, now: number): Promise<boolean> {
  const { deps, delivery, stopping } = run
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 5000)) {
    try {
      await deps.store.settleDelivery(delivery.id, delivery.attempts, settlement, now)
      return true
    } catch (thrown) {
      deps.log('error', 'delivery.settle_failed', { delivery: delivery.id, why: reasonOf(thrown) })
      if (stopping.aborted) return false
      await pause(pauseMs, stopping)
    }
  }
}
