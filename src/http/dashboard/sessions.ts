import { type SessionView, sessionView } from '../../manage/views.ts'
import { type Page, type PageDeps, shortTime, shortTimeOrNull, type Tone, toneOf } from './page.ts'
import { addressOf } from './session.ts'

/** Every session: how it is, what reaches it, what waits for it. */
export async function sessionsPage({ store, activities }: PageDeps): Promise<Page> {
  const [seen, { queues }, pauses] = await Promise.all([activities(), store.counts(), store.listPauses()])
  const views = (await store.listSessions()).map((session) =>
    sessionView(session, { queues, pauses }, seen.get(session.id)),
  )
  return {
    template: 'sessions',
    title: 'Sessions',
    section: 'sessions',
    live: '/dashboard/sessions',
    view: {
      any: views.length > 0,
      sessions: views.map((view) => ({
        ...view,
        href: addressOf(view.id),
        waiting: view.queue > 0 ? deliveriesOf(view.id, 'PENDING') : null,
        mint:
          view.state === 'ended' ? null : `/dashboard/channels?${new URLSearchParams({ session: view.id })}`,
        ...stateOf(view),
        doing: view.activity,
        doingTone: toneOf(view.activity ?? ''),
        doingSince: shortTimeOrNull(view.since),
        why: [
          view.pausedAt === null ? null : `since ${shortTime(view.pausedAt)}; what comes for it is held`,
          view.why,
          view.exitCode === null ? null : `exit code ${view.exitCode}`,
        ]
          .filter(Boolean)
          .join('; '),
        opened: shortTime(view.openedAt),
        ended: shortTimeOrNull(view.endedAt),
      })),
    },
  }
}

const deliveriesOf = (session: string, state?: string): string =>
  `/dashboard?${new URLSearchParams({ ...(state !== undefined && { state }), session })}`

/** A paused session takes nothing, whatever its agent does. */
const stateOf = ({ state, pausedAt }: SessionView): { readonly state: string; readonly tone: Tone } =>
  state === 'ended' || pausedAt === null
    ? { state, tone: toneOf(state) }
    : { state: 'paused', tone: toneOf('paused') }
