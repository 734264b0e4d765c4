import { Failure } from '../../../domain/error.ts'
import { parseSessionId, type Session } from '../../../domain/session.ts'
import { countLiveGrants, lastEvidence } from '../../../manage/sessions.ts'
import { readinessOf, whyOf as whyNot } from '../../../manage/trial.ts'
import { iso, type SessionView, sessionView } from '../../../manage/views.ts'
import { type Call, withHome } from '../../command.ts'
import type { LocalHome } from '../../context.ts'

export function runShow(call: Call): Promise<void> {
  return withHome(call, async (home) => {
    const { store, clock } = home
    const session = await store.findSession(parseSessionId(call.args.need('id')))
    if (!session) throw new Failure('session_missing', `There is no session "${call.args.need('id')}".`)
    const view = sessionView(session, (await store.counts()).queues)
    const liveGrants = await countLiveGrants(store, session.id, clock.now())
    const [agent, last] = await Promise.all([agentOf(home, session), lastEvidence(store, session.id)])
    const evidence = last ? { at: iso(last.at), kind: last.kind } : null
    if (call.json) call.out.json({ ...view, liveGrants, agent, lastEvidence: evidence })
    else call.out.fields(fieldsOf(view, liveGrants, agent, evidence))
  })
}

interface AgentView {
  readonly state: string
  readonly why: string | null
}

/** The agent's state at this moment; null for ended sessions and inboxes. */
async function agentOf(home: LocalHome, session: Session): Promise<AgentView | null> {
  const { store, clock, connect } = home
  if (session.state === 'ended') return null
  if ((await home.drivers()).get(session.driver)?.delivery === 'pull') return null
  const wanted = { session: session.id, unfinished: true, oldestFirst: true, limit: 1 }
  const [first] = await store.listDeliveries(wanted)
  const inFlight = first?.leasedUntil !== undefined && first.leasedUntil > clock.now()
  const readiness = await readinessOf(connect, session)
  // Only the server's process sees that an agent it owns is busy; the lease is visible here.
  if (inFlight && readiness?.kind !== 'blocked') return { state: 'busy', why: `${first.id} is on its way` }
  return readiness ? { state: readiness.kind, why: whyNot(readiness) ?? null } : null
}

const fieldsOf = (
  view: SessionView,
  liveGrants: number,
  agent: AgentView | null,
  evidence: { readonly at: string; readonly kind: string } | null,
): readonly (readonly [string, string])[] => [
  ['Channel', view.channel],
  ['Driver', view.driver],
  ['State', view.state],
  ['Why', whyOf(view)],
  ['Agent', agent ? [agent.state, agent.why].filter((part) => part !== null).join(': ') : '-'],
  ['Queue', String(view.queue)],
  ['Evidence', evidence ? `${evidence.kind}, ${evidence.at}` : '-'],
  ['Grants', `${liveGrants} live`],
  ['Opened', view.openedAt],
  ['Ended', view.endedAt ?? '-'],
]

/** `why` may contain the exit code already. */
export function whyOf({ why, exitCode }: SessionView): string {
  const exit = exitCode === null ? null : `exit code ${exitCode}`
  return (
    [why, exit !== null && why?.includes(exit) ? null : exit].filter((part) => part !== null).join(', ') ||
    '-'
  )
}
