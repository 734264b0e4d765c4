import { Elysia } from 'elysia'
import { isSecret } from '../../auth/secrets.ts'
import { Failure } from '../../domain/error.ts'
import { tooManyFailures } from '../../inbound/rate-limiter.ts'
import { iso } from '../../manage/views.ts'
import { createAdminApi } from '../api.ts'
import type { AdminCheck } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import * as answers from '../models/answers.ts'
import * as requests from '../models/requests.ts'
import { adminOperations } from '../openapi/operation.ts'
import { secondsToWait } from '../problem.ts'
import type { LoginGuard } from './login-guard.ts'
import type { Logins } from './logins.ts'
import type { PageResponses } from './responses.ts'

/** What logging in and out needs. */
export interface LoginDeps {
  readonly guard: LoginGuard
  readonly logins: Logins
  readonly responses: PageResponses
  readonly refused: RequestGuard['refused']
  readonly admin: AdminCheck
  readonly adminToken: () => string
  /** Spends one failed attempt of the peer; milliseconds to wait, or 0. */
  readonly failed: (request: Request) => number
  readonly publicUrl: () => string | undefined
}

export type AnswerPage = (request: Request, act: () => Response | Promise<Response>) => Promise<Response>

export const loginRoutes = (deps: LoginDeps, inPage: AnswerPage) => {
  const hidden = { detail: { hide: true } }
  const posted = { parse: 'none', ...hidden } as const
  return new Elysia({ prefix: '/dashboard' })
    .get('/login', ({ request }) => inPage(request, () => showLogin(deps, request)), hidden)
    .post('/login', ({ request }) => inPage(request, () => logIn(deps, request)), posted)
    .get(
      '/enter/:code',
      ({ request, params }) => inPage(request, () => enter(deps, request, params.code)),
      hidden,
    )
    .post('/logout', ({ request }) => inPage(request, () => logOut(deps, request)), posted)
}

/** `POST /api/dashboard/links`: what `postern dashboard` prints. */
export function linkRoute(deps: Omit<LoginDeps, 'responses' | 'refused'>, guard: RequestGuard) {
  const { api, noBody } = createAdminApi(deps.admin, guard)
  return api.post('/dashboard/links', ({ request }) => invite(deps, request), {
    ...noBody,
    query: requests.NoQuery,
    response: { 201: answers.Link },
    detail: adminOperations('Dashboard')(
      'mintLink',
      'A link that logs one browser in, once, within five minutes',
    ),
  })
}

/** To the login, and from there back to where one wanted to go. */
export function redirectToLogin(request: Request): Response {
  const { pathname, search } = new URL(request.url)
  const query = new URLSearchParams({ next: pathname + search })
  return redirect(`/dashboard/login?${query}`)
}

/** 303: the browser asks for the next page with GET. */
export const redirect = (location: string, cookie?: string): Response =>
  new Response(null, {
    status: 303,
    headers: { location, 'cache-control': 'no-store', ...(cookie !== undefined && { 'set-cookie': cookie }) },
  })

function showLogin({ guard, responses }: LoginDeps, request: Request): Response {
  const asked = new URL(request.url).searchParams
  const next = safeNext(asked.get('next'))
  if (guard.login(request)) return redirect(next)
  return responses.plain(
    'login',
    loginView(next, { notice: noticeOf(asked.has('out'), guard.isOver(request)) }),
  )
}

async function logIn(deps: LoginDeps, request: Request): Promise<Response> {
  const form = await deps.guard.form(request)
  const next = safeNext(form.get('next'))
  if (isSecret((form.get('token') ?? '').trim(), [deps.adminToken()]))
    return redirect(next, deps.guard.enter(request))
  return refuse(
    deps,
    request,
    next,
    'That is not the admin token of this server. Copy the whole line of keys/admin.token, or ask for a link.',
  )
}

/**
 * Answers with a page that goes on to the dashboard by itself: a redirect would count as a navigation of the site that
 * holds the link, and a `SameSite=Strict` cookie is not sent with that.
 */
async function enter(deps: LoginDeps, request: Request, code: string): Promise<Response> {
  if (!(await deps.logins.redeem(code)))
    return refuse(
      deps,
      request,
      home,
      'This link was used already, or is older than five minutes. Ask for a new one.',
    )
  const response = deps.responses.plain('loggedIn', { title: 'Logged in', goTo: home })
  response.headers.set('set-cookie', deps.guard.enter(request))
  response.headers.set('referrer-policy', 'no-referrer')
  return response
}

async function logOut({ guard }: LoginDeps, request: Request): Promise<Response> {
  await guard.adminForm(request)
  return redirect('/dashboard/login?out', guard.leave(request))
}

function invite(deps: Pick<LoginDeps, 'logins' | 'publicUrl'>, request: Request): Response {
  const { code, expiresAt } = deps.logins.invite()
  // The Host was checked before: it is one of ours.
  const base = deps.publicUrl() ?? new URL(request.url).origin
  return jsonResponse<answers.Link>({ url: `${base}/dashboard/enter/${code}`, expires: iso(expiresAt) }, 201)
}

function refuse(deps: LoginDeps, request: Request, next: string, problem: string): Response {
  const guess = { why: 'the admin token or link at the login is wrong', guess: true } as const
  const retryAfterMs = deps.failed(request)
  const failure =
    retryAfterMs > 0 ? tooManyFailures(retryAfterMs, guess) : new Failure('unauthorized', problem, guess)
  const shown = retryAfterMs > 0 ? `${failure.message} ${againIn(retryAfterMs)}` : problem
  const status = retryAfterMs > 0 ? 429 : 401
  const response = deps.responses.plain('login', loginView(next, { problem: shown }), status, retryAfterMs)
  deps.refused(request, failure, response)
  return response
}

const loginView = (
  next: string,
  { notice, problem }: { readonly notice?: string | undefined; readonly problem?: string },
) => ({
  ...{ title: 'Log in', next },
  ...{ notice: notice ?? null, problem: problem ?? null },
})

function noticeOf(left: boolean, isOver: boolean): string | undefined {
  if (left) return 'You are logged out.'
  return isOver ? 'Your login is over. Log in again, and you are back where you were.' : undefined
}

/** A right token is never refused, however many were wrong before. */
function againIn(retryAfterMs: number): string {
  const seconds = secondsToWait(retryAfterMs)
  return `The next is looked at in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}; the right one is let in at any time.`
}

const home = '/dashboard'

/** Only to our own pages. */
export const safeNext = (asked: string | null): string =>
  asked !== null &&
  /^\/(dashboard|docs)([/?][\x21-\x5b\x5d-\x7e]*)?$/.test(asked) &&
  !asked.startsWith('/dashboard/log')
    ? asked
    : home
