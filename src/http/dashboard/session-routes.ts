import { Elysia } from 'elysia'
import type { Delivery } from '../../domain/delivery.ts'
import { Failure } from '../../domain/error.ts'
import type { Session } from '../../domain/session.ts'
import { sessionIn } from '../../domain/session.ts'
import type { SendOrder } from '../../inbound/send.ts'
import { guarded, type RequestGuard } from '../guard.ts'
import { hidden, linesOf, posted } from './forms.ts'
import type { LoginGuard } from './login-guard.ts'
import { type AnswerPage, redirect } from './login-routes.ts'
import { createScreenStreams } from './screen-stream.ts'
import { addressOf, type SessionPageDeps } from './session.ts'

/** What the page of a session does. */
export interface SessionActions extends SessionPageDeps {
  readonly guard: LoginGuard
  readonly draining: () => boolean
  readonly send: (order: SendOrder) => Promise<Delivery>
  readonly cancel: (id: string) => Promise<Delivery>
  readonly pause: (target: string) => Promise<unknown>
  readonly resume: (target: string) => Promise<unknown>
  readonly cancelTurn: (id: string) => Promise<unknown>
  readonly endSession: (id: string) => Promise<unknown>
}

/** The forms of a session's page, and its screen as it changes. */
export function sessionPageRoutes(deps: SessionActions, inPage: AnswerPage, guard: RequestGuard) {
  const follow = createScreenFollower(deps, guard)
  /** Acts, and shows the page again. */
  const act =
    (action: (id: string, form: URLSearchParams, part: string) => Promise<unknown>) =>
    ({ request, params }: { request: Request; params: { id: string; part?: string } }) =>
      inPage(request, async () => {
        const form = await deps.guard.adminForm(request)
        guard.keepOpen(request)
        await action(params.id, form, params.part ?? '')
        return redirect(addressOf(params.id))
      })
  return new Elysia({ prefix: '/dashboard/sessions/:id' })
    .get(
      '/screen',
      ({ request, params }) => guarded(guard, request, () => follow(request, params.id)),
      hidden,
    )
    .post(
      '/send',
      act((session, form) => deps.send({ session, message: linesOf(form.get('message')) })),
      posted,
    )
    .post(
      '/pause',
      act((id) => deps.pause(`session:${id}`)),
      posted,
    )
    .post(
      '/resume',
      act((id) => deps.resume(`session:${id}`)),
      posted,
    )
    .post(
      '/cancel',
      act((id) => deps.cancelTurn(id)),
      posted,
    )
    .post(
      '/end',
      act((id) => deps.endSession(id)),
      posted,
    )
    .post(
      '/queue/:part/cancel',
      act((_, __, delivery) => deps.cancel(delivery)),
      posted,
    )
}

function createScreenFollower(
  deps: SessionActions,
  { keepOpen }: RequestGuard,
): (request: Request, id: string) => Promise<Response> {
  const stream = createScreenStreams()
  return async (request, id) => {
    deps.guard.require(request)
    const session = await screenOf(deps, id)
    keepOpen(request)
    return stream({
      follow: (follower) => deps.screens.follow(session, follower),
      wanted: () => !deps.draining() && deps.guard.login(request) !== undefined,
      signal: request.signal,
    })
  }
}

async function screenOf({ store, screens }: SessionActions, id: string): Promise<Session> {
  const session = sessionIn(await store.listSessions(), id)
  if (!screens.has(session)) throw new Failure('not_found', 'There is no screen of this session.')
  return session
}
