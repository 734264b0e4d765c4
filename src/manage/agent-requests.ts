import {
  type AgentRequest,
  type Asker,
  type Decided,
  type Decision,
  type DecisionEnd,
  type DecisionId,
  type DecisionTools,
  decisionIdOf,
  isOpen,
  type OpenRequest,
} from '../domain/decision.ts'
import { hexOf } from '../domain/digits.ts'
import { reasonOf } from '../domain/error.ts'
import type { Clock, Log } from '../domain/ports.ts'
import type { Session, SessionId } from '../domain/session.ts'
import { type AskingStore, type DecideOrder, decide } from './decisions.ts'
import { putDecision } from './put-decision.ts'

/** The requests that agents of this process have put before people. */
export interface AgentRequests {
  /** For the driver of that opening; undefined where its configuration does not say `decisions: true`. */
  toolsFor(session: Session): DecisionTools | undefined
  /** Looks at what was decided by another process, or done to a session. */
  follow(): Promise<void>
  /** A person decides: as the function `decide`, in the process of this. */
  decide(order: DecideOrder): Promise<Decision>
  /** Closes what nobody asks any more: its process is gone, or it is of an earlier server. */
  sweep(isRunning: (asker: Asker) => Promise<boolean>): Promise<void>
  /** Every request that is open, newest first, whichever process asks. */
  waiting(): Promise<readonly Decision[]>
  /** Resolves when everything is written down. */
  idle(): Promise<void>
}

interface AgentRequestsDeps {
  readonly store: AskingStore
  readonly clock: Pick<Clock, 'now' | 'bytes'>
  /** How long a person has, unless the driver knows better. */
  readonly withinMs: () => number
  readonly log: Log
  /** This process, where it is not the server. */
  readonly asker?: Asker
  /** Whether another machine asks for the agent of that session. */
  readonly isElsewhere?: (session: SessionId) => Promise<boolean>
}

/** One request that is open here. */
interface PendingRequest {
  id: DecisionId
  readonly session: Session
  /** The row is written, or could not be. */
  readonly written: Promise<unknown>
  readonly resolve: (decided: Decided | undefined) => void
  readonly over: AbortController
  timer: ReturnType<typeof setTimeout> | undefined
  handedOver: boolean
}

interface RequestsState {
  readonly deps: AgentRequestsDeps
  readonly open: Set<PendingRequest>
  readonly pending: Set<Promise<unknown>>
  readonly watchers: Set<() => void>
  /** Decided by a person, and the process that asked has ended: since when a sweep knows. */
  readonly left: Map<DecisionId, number>
}

export function createAgentRequests(deps: AgentRequestsDeps): AgentRequests {
  const state: RequestsState = {
    deps,
    open: new Set(),
    pending: new Set(),
    watchers: new Set(),
    left: new Map(),
  }
  return {
    toolsFor: (session) =>
      session.decisions && { open: (request, withinMs) => ask(state, session, request, withinMs) },
    follow: async () => {
      await lookAtAll(state)
      changed(state)
    },
    decide: (order) =>
      decide(
        {
          ...deps,
          nextLook: async (signal) => {
            const next = nextChange(state, signal)
            await lookAtAll(state)
            await next
          },
        },
        order,
      ),
    sweep: (isRunning) => sweep(state, isRunning),
    waiting: () => deps.store.listDecisions({ open: true, limit: mostWaiting }),
    idle: async () => {
      while (state.pending.size > 0) await Promise.all(state.pending)
    },
  }
}

/** Writes the row and waits beside it. What cannot be put before people is as good as not decided in time. */
function ask(
  state: RequestsState,
  session: Session,
  request: AgentRequest,
  withinMs = state.deps.withinMs(),
): OpenRequest {
  const { store, clock, log, asker } = state.deps
  const { promise: decided, resolve } = Promise.withResolvers<Decided | undefined>()
  const openedAt = clock.now()
  const id = decisionIdOf(hexOf(clock.bytes(8)))
  const { id: sessionId, generation } = session
  const draft = { id, session: sessionId, generation, request, openedAt, expiresAt: openedAt + withinMs }
  const over = new AbortController()
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(withinMs)])
  const written = putDecision(store, { ...draft, ...(asker !== undefined && { asker }) }, signal)
  const asked: PendingRequest = { id, session, written, resolve, over, timer: undefined, handedOver: false }
  state.open.add(asked)
  track(
    state,
    written.then(
      (decision) => {
        asked.id = decision.id
        if (state.open.has(asked))
          asked.timer = setTimeout(() => end(state, asked, { how: 'expired' }), draft.expiresAt - clock.now())
        log('info', 'decision.opened', { decision: decision.id, session: sessionId })
        changed(state)
      },
      (thrown: unknown) => {
        forget(state, asked)
        log('warn', 'decision.open_failed', { session: sessionId, why: reasonOf(thrown) })
      },
    ),
  )
  return {
    decided,
    close: (how, why) => {
      end(state, asked, { how, why })
      forget(state, asked)
    },
  }
}

const lookAtAll = (state: RequestsState) => Promise.all([...state.open].map((asked) => look(state, asked)))

/** Reads the row: was it decided, or closed? */
async function look(state: RequestsState, asked: PendingRequest): Promise<void> {
  await asked.written.catch(() => {})
  const decision = await state.deps.store.findDecision(asked.id)
  if (!decision || !isOpen(decision)) return forget(state, asked)
  const { verdict } = decision
  if (decision.state !== 'deciding' || verdict === undefined || asked.handedOver) return
  asked.handedOver = true
  asked.resolve({
    id: asked.id,
    verdict,
    applied: (trouble) =>
      end(state, asked, trouble === undefined ? { how: 'applied' } : { how: 'elsewhere', why: trouble }),
    leave: () => forget(state, asked),
  })
}

/** Writes how the request ended. What a person decided in the same moment counts before the end of the time. */
function end(state: RequestsState, asked: PendingRequest, how: DecisionEnd): void {
  const { store, clock, log } = state.deps
  const write = async () => {
    await asked.written.catch(() => {})
    const decision = await store.closeDecision(asked.id, how, clock.now())
    if (decision && isOpen(decision)) return look(state, asked)
    forget(state, asked)
    if (decision)
      log('info', 'decision.closed', {
        decision: decision.id,
        session: decision.session,
        state: decision.state,
        ...(decision.door !== undefined && { door: decision.door }),
      })
    changed(state)
  }
  track(
    state,
    write().catch((thrown: unknown) =>
      log('warn', 'decision.close_failed', { decision: asked.id, why: reasonOf(thrown) }),
    ),
  )
}

function forget(state: RequestsState, asked: PendingRequest): void {
  clearTimeout(asked.timer)
  asked.over.abort()
  state.open.delete(asked)
  asked.resolve(undefined)
}

function track(state: RequestsState, act: Promise<unknown>): void {
  state.pending.add(act)
  void act.finally(() => state.pending.delete(act))
}

function changed({ watchers }: RequestsState): void {
  for (const wake of watchers) wake()
}

function nextChange({ watchers }: RequestsState, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      watchers.delete(wake)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    watchers.add(wake)
    signal.addEventListener('abort', wake)
    if (signal.aborted) wake()
  })
}

const mostWaiting = 1000

/** How long after the end of a hook another process may find out whether its answer counted. */
const leftMs = 30_000

function since(left: Map<DecisionId, number>, id: DecisionId, now: number): number {
  const known = left.get(id)
  if (known === undefined) left.set(id, now)
  return known ?? now
}

async function sweep(
  { deps: { store, clock, log, isElsewhere }, open, left }: RequestsState,
  isRunning: (asker: Asker) => Promise<boolean>,
): Promise<void> {
  const decisions = await store.listDecisions({ open: true, limit: mostWaiting })
  const ids = new Set(decisions.map(({ id }) => id))
  for (const id of left.keys()) if (!ids.has(id)) left.delete(id)
  for (const { id, asker, session, state } of decisions) {
    if (await isElsewhere?.(session)) continue
    const asked = asker === undefined ? [...open].some((each) => each.id === id) : await isRunning(asker)
    if (asked) continue
    if (state === 'deciding' && asker !== undefined && clock.now() - since(left, id, clock.now()) < leftMs)
      continue
    const why = asker === undefined ? 'the server that asked has ended' : 'the process that asked is gone'
    await store.closeDecision(id, { how: 'withdrawn', why }, clock.now())
    log('info', 'decision.closed', { decision: id, session, state: 'withdrawn' })
  }
}
