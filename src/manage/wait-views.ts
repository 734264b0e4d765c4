import type { Wait } from '../domain/wait.ts'
import { iso, isoOrNull } from './views.ts'
import { curlText, githubStepText, reachOf } from './wait-texts.ts'
import type { OpenedWait } from './waits.ts'

export type OpenedWaitView = ReturnType<typeof openedWaitView>

/** A wait with its URL, for who asked for it. */
export const openedWaitView = ({ wait, url }: OpenedWait) => ({
  waitId: wait.id,
  url,
  expiresAt: iso(wait.expiresAt),
  state: wait.state,
  reachable: reachOf(url),
  curl: curlText(wait, url),
  githubStep: githubStepText(wait, url),
  ...(wait.delivery !== undefined && { deliveryId: wait.delivery }),
})

export const waitView = (wait: Wait) => ({
  id: wait.id,
  session: wait.session,
  state: wait.state,
  what: wait.what,
  /** What its agent means to do then, and when nobody answers. */
  plan: wait.plan ?? null,
  orElse: wait.orElse ?? null,
  accept: wait.accept,
  key: wait.key ?? null,
  grant: wait.grant,
  /** What answered it, or tells of its end. */
  deliveryId: wait.delivery ?? null,
  createdAt: iso(wait.createdAt),
  expiresAt: iso(wait.expiresAt),
  closedAt: isoOrNull(wait.closedAt),
})
