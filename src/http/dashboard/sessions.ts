import { createSessionViewer } from '../../manage/session-views.ts'
import type { SessionView } from '../../manage/views.ts'
import { only, withOne } from './delivery-query.ts'
import { grouped, type Page, type PageDeps, shortTime, shortTimeOrNull, shownState, toneOf } from './page.ts'
import { addressOf } from './session.ts'

/**
 * The sessions that the address's query asks for, `text` in the name, the driver or the host, and `state`: how each is, what reaches it,
 * what waits for it.
 */
export async function sessionsPage(deps: PageDeps, query = new URLSearchParams()): Promise<Page> {
  const viewOf = await createSessionViewer(deps)
  const views = (await deps.store.listSessions()).map(viewOf)
  const asked = only(query, 'state', 'text')
  const named = views.filter(({ id, driver, host }) =>
    `${id} ${driver} ${host ?? ''}`.includes(asked.get('text')?.toLowerCase() ?? ''),
  )
  const found = named.filter((view) => isIn(view, asked.get('state') ?? ''))
  return {
    template: 'sessions',
    title: 'Sessions',
    section: 'sessions',
    live: pathOf(asked),
    view: {
      any: found.length > 0,
      none: found.length === 0 && asked.size > 0,
      ...{ text: asked.get('text') ?? '', state: asked.get('state'), filtered: asked.has('text') },
      tabs: tabsOf(named, asked),
      agents: views.some(({ driver }) => driver !== 'inbox'),
      sessions: found.map((view) => ({
        ...view,
        href: addressOf(view.id),
        waiting: view.queue > 0 ? deliveriesOf(view.id, 'PENDING') : null,
        mint:
          view.state === 'ended' ? null : `/dashboard/channels?${new URLSearchParams({ session: view.id })}`,
        state: shownState(stateOf(view)),
        tone: toneOf(stateOf(view)),
        doing: view.activity && shownState(view.activity),
        doingTone: toneOf(view.activity ?? ''),
        doingSince: shortTimeOrNull(view.since),
        why: [view.why, view.exitCode === null ? null : `exit code ${view.exitCode}`]
          .filter(Boolean)
          .join('; '),
        opened: shortTime(view.openedAt),
        ended: shortTimeOrNull(view.endedAt),
      })),
    },
  }
}

const states = [
  ['', 'All'],
  ['live', 'Live'],
  ['blocked', 'Waiting for a person'],
  ['paused', 'Paused'],
  ['offline', 'Offline'],
  ['ended', 'Ended'],
] as const

/** As its row says it; what waits for a person is live as well. */
const isIn = (view: SessionView, state: string): boolean =>
  state === '' || stateOf(view) === state || view.activity === state

const tabsOf = (views: readonly SessionView[], asked: URLSearchParams) =>
  states
    .map(([state, label]) => ({
      label,
      n: grouped(views.filter((view) => isIn(view, state)).length),
      tone: state === '' ? null : toneOf(state),
      href: pathOf(withOne(asked, 'state', state || null)),
      current: (asked.get('state') ?? '') === state,
    }))
    .filter(({ n, tone, current }) => tone === null || current || n !== '0')

const pathOf = (query: URLSearchParams): string =>
  query.size === 0 ? '/dashboard/sessions' : `/dashboard/sessions?${query}`

const deliveriesOf = (session: string, state?: string): string =>
  `/dashboard?${new URLSearchParams({ ...(state !== undefined && { state }), session })}`

/** A paused session takes nothing, whatever its agent does. */
const stateOf = ({ state, pausedAt }: SessionView): string =>
  state === 'ended' || pausedAt === null ? state : 'paused'
