import { activityOf, asStored, type SessionActivity, withDecision } from '../domain/activity.ts'
import type { Decision } from '../domain/decision.ts'
import type { Connection, Driver, Readiness } from '../domain/driver.ts'
import type { Session, SessionId } from '../domain/session.ts'
import { pause } from '../wait.ts'

export type Activities = ReadonlyMap<SessionId, SessionActivity>

interface AskDeps {
  readonly drivers: ReadonlyMap<string, Driver>
  readonly connect: (session: Session) => Promise<Connection | undefined>
  /** Absent for a single look. */
  readonly now?: () => number
  /** Called with each answer. */
  readonly heard?: (session: Session, readiness: Readiness) => void
}

/** Longest wait for all agents together: they are asked side by side. */
const askMs = 900

/** What every agent does now, as it answers itself. Never rejects; who does not answer in time is shown as stored. */
export async function askSessions(
  deps: AskDeps,
  sessions: readonly Session[],
  before: Activities = new Map(),
): Promise<Activities> {
  const patience = AbortSignal.timeout(askMs)
  const all = await Promise.all(
    sessions.map(
      async (session) => [session.id, await ask(deps, session, patience, before.get(session.id))] as const,
    ),
  )
  return new Map(all)
}

async function ask(
  { drivers, connect, now, heard }: AskDeps,
  session: Session,
  patience: AbortSignal,
  before: SessionActivity | undefined,
): Promise<SessionActivity> {
  const driver = drivers.get(session.driver)
  if (session.state === 'ended' || !driver || driver.delivery === 'pull') return asStored(session)
  const over = new AbortController()
  const signal = AbortSignal.any([patience, over.signal])
  // Some drivers take longer to answer than their caller waits.
  const readiness = await Promise.race([
    connect(session)
      .then((connection) => connection?.state(patience))
      .catch(() => undefined),
    pause(askMs, signal),
  ])
  over.abort()
  if (readiness) heard?.(session, readiness)
  return activityOf(session, driver, readiness, now?.(), before)
}

/** The same with what people may decide on, of each session. */
export function withDecisions(seen: Activities, open: readonly Decision[]): Activities {
  const bySession = Map.groupBy(open, ({ session }) => session)
  const shown = new Map(seen)
  for (const [id, decisions] of bySession) {
    const activity = seen.get(id)
    if (activity) shown.set(id, withDecision(activity, decisions))
  }
  return shown
}

interface BoardDeps extends AskDeps {
  readonly sessions: () => Promise<readonly Session[]>
}

/** What is older than this is asked anew. */
const freshMs = 200

/** For pages that look again and again by themselves: they show what is at most so old, and learn the newest the next time. */
export const pageMs = 2000

/** What is older than `shownMs` is asked anew before anybody sees it. */
export type ActivityBoard = (shownMs?: number) => Promise<Activities>

interface Board {
  readonly at: number
  readonly openings: ReadonlyMap<SessionId, string>
  readonly activities: Activities
}

/**
 * What every agent does, for callers that ask again and again: agents are asked at most once in `freshMs`, and `since` is
 * kept. `elapsed`: milliseconds of a clock that does not jump.
 */
export function createActivityBoard(deps: BoardDeps, elapsed: () => number): ActivityBoard {
  let board: Board | undefined
  let pending: Promise<Activities> | undefined
  const ask = async (sessions: readonly Session[]): Promise<Activities> => {
    const activities = await askSessions(deps, sessions, knownOf(board, sessions))
    board = { at: elapsed(), openings: openingsOf(sessions), activities }
    return activities
  }
  const refresh = (sessions: readonly Session[]) => {
    pending ??= ask(sessions).finally(() => {
      pending = undefined
    })
    return pending
  }
  return async (shownMs = freshMs) => {
    const sessions = await deps.sessions()
    // What is asked now may not know of a session that was opened or ended meanwhile.
    if (board && !isOf(board, sessions)) return ask(sessions)
    const age = board ? elapsed() - board.at : Number.POSITIVE_INFINITY
    if (board && age < freshMs) return board.activities
    const fresh = refresh(sessions)
    return board && age < shownMs ? board.activities : fresh
  }
}

const openingOf = ({ generation, state }: Session): string => `${generation} ${state === 'ended'}`

const openingsOf = (sessions: readonly Session[]): ReadonlyMap<SessionId, string> =>
  new Map(sessions.map((session) => [session.id, openingOf(session)]))

const isOf = ({ openings }: Board, sessions: readonly Session[]): boolean =>
  sessions.length === openings.size &&
  sessions.every((session) => openings.get(session.id) === openingOf(session))

/** Nothing of an earlier opening is known of the next one. */
function knownOf(board: Board | undefined, sessions: readonly Session[]): Activities {
  const same = sessions.filter((session) => board?.openings.get(session.id) === openingOf(session))
  return new Map(
    same.flatMap(({ id }) => {
      const known = board?.activities.get(id)
      return known ? [[id, known]] : []
    }),
  )
}
