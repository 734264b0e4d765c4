import { type Delivery, isTerminal } from '../../../domain/delivery.ts'
import { withoutFence } from '../../../domain/fence.ts'
import type { ScreenSnapshot } from '../../../domain/screen-snapshot.ts'
import { parseSessionId, runsAt, type Session, type SessionId } from '../../../domain/session.ts'
import type { Wait } from '../../../domain/wait.ts'
import { knownSession } from '../../../manage/find-session.ts'
import { lastEvidence } from '../../../manage/last-evidence.ts'
import { createScreens, screenOfView, screenView } from '../../../manage/screens.ts'
import { sessionSentence } from '../../../manage/session-sentence.ts'
import { countLiveGrants } from '../../../manage/sessions.ts'
import { deliveryView, iso, type SessionView, sessionView } from '../../../manage/views.ts'
import { waitView } from '../../../manage/wait-views.ts'
import { age, shortTime } from '../../arguments.ts'
import { type Call, requestServer, withHome } from '../../command.ts'
import type { LocalHome } from '../../context.ts'
import { toneOf } from '../deliveries.ts'
import { activitiesNow } from './activities.ts'

export function runShow(call: Call): Promise<void> {
  return withHome(call, async (home) => {
    const session = await knownSession(home.store, parseSessionId(call.args.need('id')))
    await (call.flags.on('screen') ? showScreen(call, home, session) : showSession(call, home, session))
  })
}

async function showSession(call: Call, home: LocalHome, session: Session): Promise<void> {
  const { store, clock } = home
  const [{ queues }, pauses] = [await store.counts(), await store.listPauses()]
  const liveGrants = await countLiveGrants(store, session.id, clock.now())
  const [seen, newest] = await Promise.all([
    activitiesNow(call, home, [session]),
    store.listDeliveries({ session: session.id, limit: mostLooked }),
  ])
  const last = lastEvidence(newest)
  const view = sessionView(session, { queues, pauses }, seen.get(session.id))
  const agent = await agentOf(home, session, view)
  const waits = await store.listWaits({ session: session.id, open: true, limit: mostWaits })
  const evidence = last ? { at: iso(last.at), kind: last.kind } : null
  if (call.json)
    call.out.json({ ...view, liveGrants, agent, lastEvidence: evidence, waits: waits.map(waitView) })
  else {
    call.out.prose(sessionSentence(view))
    call.out.line('')
    call.out.fields([...fieldsOf(view, liveGrants, agent, evidence), ...waits.map(waitField)])
    await printDeliveries(call, store, session.id, newest)
  }
}

/** What its terminal shows now; no server is needed for an agent of this machine. */
async function showScreen(call: Call, home: LocalHome, session: Session): Promise<void> {
  const { out, json, io } = call
  const screen = runsAt(session, home.host)
    ? await seenHere(home, session)
    : await seenByServer(call, session)
  if (json) return out.json(screenView(session.id, screen))
  out.screen(screen)
  const { columns, rows, changedAt } = screen
  out.note(`${session.id}, ${columns}x${rows}, changed ${age(iso(changedAt), io.now())} ago.`)
}

async function seenHere({ connect }: LocalHome, session: Session): Promise<ScreenSnapshot> {
  const connection = session.state === 'ended' ? undefined : await connect(session)
  try {
    return await createScreens({ connect: () => connection, isOpen: async () => true }).look(session)
  } finally {
    await connection?.close()
  }
}

/** On another machine: only the server can ask its host. */
async function seenByServer({ io, home }: Call, { id }: Session): Promise<ScreenSnapshot> {
  const answer = await requestServer(await io.server(home), 'GET', `/api/sessions/${id}/screen`)
  return screenOfView(answer as ReturnType<typeof screenView>)
}

const [mostShown, mostLooked] = [5, 50]

/** What waits for it, oldest first, and what came of the last ones. */
async function printDeliveries(
  { out, io }: Call,
  store: LocalHome['store'],
  session: SessionId,
  newest: readonly Delivery[],
): Promise<void> {
  const waiting = await store.listDeliveries({
    session,
    unfinished: true,
    oldestFirst: true,
    limit: mostShown,
  })
  const over = newest.filter(({ state }) => isTerminal(state)).slice(0, mostShown)
  for (const [title, list] of [
    ['Waiting', waiting],
    ['Latest', over],
  ] as const) {
    if (list.length > 0) out.line(`\n${title}`)
    for (const view of list.map(deliveryView))
      out.row([
        {
          text: `  ${shortTime(view.receivedAt)}`,
          short: `  ${age(view.receivedAt, io.now()).padStart(4)}`,
          tone: 'faint',
        },
        { text: view.id, short: view.id.slice(0, 13) },
        { text: view.state.padEnd(9), tone: toneOf(view) },
        withoutFence(view.message),
      ])
  }
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

type Field = readonly [label: string, value: string]

function fieldsOf(
  view: SessionView,
  liveGrants: number,
  agent: AgentView | null,
  evidence: { readonly at: string; readonly kind: string } | null,
): readonly Field[] {
  const fields: readonly Field[] = [
    ['Channel', view.channel],
    ['Driver', view.driver],
    ['Host', view.host ?? '-'],
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
  return fields.filter(([, value]) => value !== '-')
}

/** `why` may contain the exit code already. */
export function whyOf({ why, exitCode }: Pick<SessionView, 'why' | 'exitCode'>): string {
  const exit = exitCode === null ? null : `exit code ${exitCode}`
  return (
    [why, exit !== null && why?.includes(exit) ? null : exit].filter((part) => part !== null).join(', ') ||
    '-'
  )
}
