import type { Activity, SessionActivity } from '../../../domain/activity.ts'
import type { DecisionId } from '../../../domain/decision.ts'
import type { Connection } from '../../../domain/driver.ts'
import type { Session, SessionState } from '../../../domain/session.ts'
import { type Activities, askSessions, withDecisions } from '../../../manage/activity.ts'
import type { Call } from '../../command.ts'
import type { LocalHome } from '../../context.ts'

const serverMs = 2500
const mostDecisions = 1000

/** What the agents do now: the server knows of turns that it runs; without one they are asked from here. */
export async function activitiesNow(
  call: Call,
  { connect, drivers, store }: Pick<LocalHome, 'connect' | 'drivers' | 'store'>,
  sessions: readonly Session[],
): Promise<Activities> {
  const seen = await seenByServer(call)
  if (seen) return seen
  const once = async (session: Session) => askedOnce(await connect(session))
  const asked = await askSessions({ drivers: await drivers(), connect: once }, sessions)
  return withDecisions(asked, await store.listDecisions({ open: true, limit: mostDecisions }))
}

/** A connection that was opened for one question is closed behind its answer. */
const askedOnce = (connection: Connection | undefined): Connection | undefined =>
  connection && {
    ...connection,
    state: (signal) => connection.state(signal).finally(() => void connection.close().catch(() => {})),
  }

async function seenByServer({ io, home }: Call): Promise<Activities | undefined> {
  try {
    const server = await io.server(home)
    const signal = AbortSignal.timeout(serverMs)
    const { status, body } = await server.request('GET', '/api/sessions', { signal })
    return status === 200 && Array.isArray(body) ? activitiesIn(body) : undefined
  } catch {
    return undefined
  }
}

/** Undefined for the answer of a server of another version. */
function activitiesIn(body: readonly unknown[]): Activities | undefined {
  const views = body.flatMap((view) => (isView(view) ? [view] : []))
  return views.length === body.length ? new Map(views.map((view) => [view.id, activityIn(view)])) : undefined
}

interface View extends Pick<Session, 'id'> {
  readonly state: SessionState
  readonly why: string | null
  readonly exitCode: number | null
  readonly activity: Activity | null
  readonly since: string | null
  readonly asks: string | null
  readonly decision?: DecisionId | null
}

const isView = (view: unknown): view is View =>
  typeof view === 'object' && view !== null && 'id' in view && 'state' in view && 'activity' in view

const activityIn = ({ state, why, exitCode, activity, since, asks, decision }: View): SessionActivity => ({
  state,
  ...(why !== null && { why }),
  ...(exitCode !== null && { exitCode }),
  ...(activity !== null && { activity }),
  ...(since !== null && { since: Date.parse(since) }),
  ...(asks !== null && { asks }),
  ...(decision && { decision }),
})
