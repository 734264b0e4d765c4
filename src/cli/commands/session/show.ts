import { parseSessionId, type Session } from '../../../domain/session.ts'
import type { Wait } from '../../../domain/wait.ts'
import { knownSession } from '../../../manage/find-session.ts'
import { countLiveGrants, lastEvidence } from '../../../manage/sessions.ts'
import { iso, type SessionView, sessionView } from '../../../manage/views.ts'
import { waitView } from '../../../manage/wait-views.ts'
import { shortTime } from '../../arguments.ts'
import { type Call, withHome } from '../../command.ts'
import type { LocalHome } from '../../context.ts'
import { activitiesNow } from './activities.ts'

export function runShow(call: Call): Promise<void> {
  return withHome(call, async (home) => {
    const { store, clock } = home
    const session = await knownSession(store, parseSessionId(call.args.need('id')))
    const [{ queues }, pauses] = [await store.counts(), await store.listPauses()]
    const liveGrants = await countLiveGrants(store, session.id, clock.now())
    const [seen, last] = await Promise.all([
      activitiesNow(call, home, [session]),
      lastEvidence(store, session.id),
    ])
    const view = sessionView(session, { queues, pauses }, seen.get(session.id))
    const agent = await agentOf(home, session, view)
    const waits = await store.listWaits({ session: session.id, open: true, limit: mostWaits })
    const evidence = last ? { at: iso(last.at), kind: last.kind } : null
    if (call.json)
      call.out.json({ ...view, liveGrants, agent, lastEvidence: evidence, waits: waits.map(waitView) })
    else call.out.fields([...fieldsOf(view, liveGrants, agent, evidence), ...waits.map(waitField)])
  })
}

const mostWaits = 100

/** What its agent waits for. */
const waitField = ({ id, what, expiresAt }: Wait): readonly [string, string] => [
  'Waits for',
  `${what} (${id}, until ${shortTime(iso(expiresAt))})`,
]

interface AgentView {
  readonly state: string
  readonly why: string | null
}

/** The agent's state at this moment; null for ended sessions and inboxes. */
async function agentOf(home: LocalHome, session: Session, view: SessionView): Promise<AgentView | null> {
  if (view.state === 'ended') return null
  const driver = (await home.drivers()).get(session.driver)
  if (driver?.delivery === 'pull') return null
  const { activity, asks, why } = view
  const coming = activity === 'blocked' ? undefined : await comingTo(home, session)
  if (coming !== undefined) return { state: 'busy', why: `${coming} is on its way` }
  return { state: activity ?? (view.state === 'live' ? 'unknown' : view.state), why: asks ?? why }
}

/** The delivery that the server is bringing to it now. */
async function comingTo({ store, clock }: LocalHome, { id: session }: Session): Promise<string | undefined> {
  const [first] = await store.listDeliveries({ session, unfinished: true, oldestFirst: true, limit: 1 })
  return first?.leasedUntil !== undefined && first.leasedUntil > clock.now() ? first.id : undefined
}

const fieldsOf = (
  view: SessionView,
  liveGrants: number,
  agent: AgentView | null,
  evidence: { readonly at: string; readonly kind: string } | null,
): readonly (readonly [string, string])[] => [
  ['Channel', view.channel],
  ['Driver', view.driver],
  ['State', view.pausedAt === null ? view.state : `${view.state}, paused since ${view.pausedAt}`],
  ['Why', whyOf(view)],
  ['Agent', agent ? [agent.state, agent.why].filter((part) => part !== null).join(': ') : '-'],
  ['Since', view.since ?? '-'],
  ['Queue', String(view.queue)],
  ['Evidence', evidence ? `${evidence.kind}, ${evidence.at}` : '-'],
  ['Grants', `${liveGrants} live`],
  ['Opened', view.openedAt],
  ['Ended', view.endedAt ?? '-'],
]

/** `why` may contain the exit code already. */
export function whyOf({ why, exitCode }: Pick<SessionView, 'why' | 'exitCode'>): string {
  const exit = exitCode === null ? null : `exit code ${exitCode}`
  return (
    [why, exit !== null && why?.includes(exit) ? null : exit].filter((part) => part !== null).join(', ') ||
    '-'
  )
}
