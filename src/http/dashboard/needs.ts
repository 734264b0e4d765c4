import type { Decision } from '../../domain/decision.ts'
import { type Pause, pausedOne } from '../../domain/pause.ts'
import type { Activities } from '../../manage/activity.ts'
import { iso } from '../../manage/views.ts'
import { hrefOfHook } from './hooks.ts'
import { type Page, shortTime } from './page.ts'
import { addressOf } from './session.ts'

/** What waits for a person: requests that are open (newest first), what agents do, and what is paused. */
export interface Needs {
  readonly decisions: readonly Decision[]
  readonly activities: Activities
  readonly pauses: readonly Pause[]
}

/** The same page with what needs a person above it; nothing there where nothing does. */
export function withNeeds(page: Page, needs: Needs): Page {
  const shown = {
    decisions: needs.decisions.toReversed().map(requestOf),
    blocked: blockedOf(needs),
    paused: needs.pauses.map(pausedOf),
  }
  const any = Object.values(shown).some(({ length }) => length > 0)
  return { ...page, view: { ...page.view, needs: any ? shown : null } }
}

const requestOf = ({ id, session, state, request, openedAt, expiresAt }: Decision) => ({
  ...{ id, session, title: request.title, detail: request.detail },
  action: `/dashboard/decisions/${id}`,
  deciding: state === 'deciding',
  openedAt: iso(openedAt),
  opened: shortTime(iso(openedAt)),
  expiresAt: iso(expiresAt),
  expires: shortTime(iso(expiresAt)),
})

/** Sessions whose agent asks what cannot be decided from here. */
const blockedOf = ({ activities, decisions }: Needs) =>
  [...activities]
    .filter(
      ([id, { activity }]) => activity === 'blocked' && !decisions.some(({ session }) => session === id),
    )
    .map(([id, { asks, since }]) => ({
      session: id,
      asks: asks ?? 'its screen tells for what',
      href: addressOf(id),
      since: since === undefined ? null : iso(since),
      shown: since === undefined ? null : shortTime(iso(since)),
    }))

function pausedOf({ target, since }: Pause) {
  const { kind, name } = pausedOne(target)
  return {
    what: `${kind === 'hook' ? 'Hook' : 'Session'} ${name}`,
    href: kind === 'hook' ? hrefOfHook(name) : addressOf(name),
    since: iso(since),
    shown: shortTime(iso(since)),
  }
}
