import { askedOf, type Decision, type DecisionId } from './decision.ts'
import type { Driver, Readiness } from './driver.ts'
import { oneLine } from './one-line.ts'
import type { Session, SessionState } from './session.ts'

export type Activity = 'idle' | 'busy' | 'blocked'

/** What a session's agent does at one moment. Unknown where it does not tell, or did not in time. */
export interface SessionActivity {
  readonly state: SessionState
  /** Why it is offline or how it ended. */
  readonly why?: string
  readonly exitCode?: number
  readonly activity?: Activity
  /** Since when it does that, as far as anybody looked. Unix milliseconds. */
  readonly since?: number
  /** Of a blocked one: what a person is asked. */
  readonly asks?: string
  /** The request among them that people may decide on. */
  readonly decision?: DecisionId
}

const maxAsks = 300

/**
 * `readiness`: what the agent answered; undefined when it did not. `before`: what was known of the same opening. `now`: absent
 * for a single look, which cannot know since when.
 */
export function activityOf(
  session: Session,
  driver: Pick<Driver, 'silent'>,
  readiness: Readiness | undefined,
  now?: number,
  before?: SessionActivity,
): SessionActivity {
  if (readiness === undefined) return asStored(session)
  if (readiness.kind === 'ended' || readiness.kind === 'missing') return over(session, readiness)
  if (readiness.kind === 'offline') return { state: 'offline', why: readiness.why }
  if (readiness.kind === 'idle' && driver.silent) return { state: 'live' }
  const asks = readiness.kind === 'blocked' ? oneLine(readiness.asks ?? readiness.why, maxAsks) : undefined
  const same = before?.activity === readiness.kind && before.asks === asks
  const since =
    ('since' in readiness ? readiness.since : undefined) ?? (same ? before.since : undefined) ?? now
  return {
    state: 'live',
    activity: readiness.kind,
    ...(since !== undefined && { since }),
    ...(asks !== undefined && { asks }),
  }
}

/** The same with what people may decide on: the one that is open longest. `open`: newest first. */
export function withDecision(seen: SessionActivity, open: readonly Decision[]): SessionActivity {
  const oldest = open.at(-1)
  if (!oldest || seen.state === 'ended') return seen
  const { id, request, openedAt } = oldest
  return { ...seen, activity: 'blocked', asks: askedOf(request), since: openedAt, decision: id }
}

export const asStored = ({ state, why, exitCode }: Session): SessionActivity => ({
  state,
  ...(why !== undefined && { why }),
  ...(exitCode !== undefined && { exitCode }),
})

function over(
  session: Session,
  readiness: Extract<Readiness, { kind: 'ended' | 'missing' }>,
): SessionActivity {
  if (readiness.kind === 'missing') return { state: 'ended', why: 'its agent is not there' }
  const { why = session.why, exitCode } = readiness
  return {
    state: 'ended',
    ...(why !== undefined && { why }),
    ...(exitCode !== undefined && { exitCode }),
  }
}
