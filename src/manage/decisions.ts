import {
  type Decision,
  type DecisionDoor,
  type DecisionId,
  type DecisionStore,
  decidedAlready,
  isOpen,
  noSuchDecision,
  type Verdict,
} from '../domain/decision.ts'
import { Failure } from '../domain/error.ts'
import type { Clock, DoorStore } from '../domain/ports.ts'

export interface DecideOrder {
  readonly id: DecisionId
  readonly verdict: Verdict
  readonly door: DecisionDoor
}

/** Requests, and the sessions whose agents ask. */
export type AskingStore = DecisionStore & Pick<DoorStore, 'findSession'>

interface DecideDeps {
  readonly store: AskingStore
  readonly clock: Pick<Clock, 'now'>
  /** Resolves when it is time to look again whether the agent was told, or as soon as `signal` aborts. */
  readonly nextLook: (signal: AbortSignal) => Promise<void>
}

/** How long an agent may take to be told. */
const appliedMs = 10_000

/**
 * A person decides. Resolves once the agent was told. Throws `not_found`; `decided_already` with what happened, also where the
 * agent could not be told any more; `unreachable` when it was not told within 10 seconds.
 */
export async function decide(
  { store, clock, nextLook }: DecideDeps,
  { id, verdict, door }: DecideOrder,
): Promise<Decision> {
  await store.decide(id, verdict, door, clock.now())
  const over = new AbortController()
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(appliedMs)])
  try {
    for (;;) {
      const looked = nextLook(signal)
      const decision = await store.findDecision(id)
      if (decision && !isOpen(decision)) return applied(decision, verdict)
      if (signal.aborted) throw await notTold(store, decision)
      await looked
    }
  } finally {
    over.abort()
  }
}

function applied(decision: Decision, verdict: Verdict): Decision {
  if (decision.state === (verdict === 'allow' ? 'allowed' : 'denied')) return decision
  throw decidedAlready(decision)
}

async function notTold(store: AskingStore, decision: Decision | undefined): Promise<Failure> {
  const session = decision && (await store.findSession(decision.session))
  if (session?.state !== 'offline')
    return new Failure(
      'unreachable',
      'It is noted, but the agent has not been told yet. Look again in a moment.',
    )
  const noted = 'It is noted, and the agent is told as soon as it can be reached'
  const why = session.why === undefined ? '' : `: ${session.why}`
  return new Failure('unreachable', `${noted}${why}.`, { plain: `${noted}.` })
}

/** The one request whose id begins so, with or without `dec_`. Throws `usage`, `not_found` or `ambiguous`. */
export async function findDecision(
  store: Pick<DecisionStore, 'listDecisions'>,
  idOrPrefix: string,
): Promise<Decision> {
  const digits = idOrPrefix.replace(/^dec_/, '')
  if (!/^[0-9a-f]{4,16}$/.test(digits))
    throw new Failure(
      'usage',
      'The id of a decision is dec_ and 16 of 0-9 a-f; at least the first 4 of them, as far as only one has them.',
    )
  const found = await store.listDecisions({ idPrefix: `dec_${digits}`, limit: 2 })
  const [decision] = found
  if (!decision) throw noSuchDecision()
  if (found.length > 1) throw new Failure('ambiguous', 'Several decisions begin so. Write more of the id.')
  return decision
}
