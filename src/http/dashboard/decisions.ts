import type { Decision } from '../../domain/decision.ts'
import { iso } from '../../manage/views.ts'
import { type Page, shortTime } from './page.ts'

/** The same page with what agents ask above it; null where nobody asks. `open`: newest first. */
export const withAsked = (page: Page, open: readonly Decision[]): Page => ({
  ...page,
  view: { ...page.view, asked: open.length === 0 ? null : { requests: open.toReversed().map(requestOf) } },
})

const requestOf = ({ id, session, state, request, openedAt, expiresAt }: Decision) => ({
  ...{ id, session, title: request.title, detail: request.detail },
  action: `/dashboard/decisions/${id}`,
  deciding: state === 'deciding',
  openedAt: iso(openedAt),
  opened: shortTime(iso(openedAt)),
  expiresAt: iso(expiresAt),
  expires: shortTime(iso(expiresAt)),
})
