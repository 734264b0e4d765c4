import { Elysia } from 'elysia'
import { isDecisionId, isVerdict } from '../../domain/decision.ts'
import type { AgentRequests } from '../../manage/agent-requests.ts'
import { guarded, type RequestGuard } from '../guard.ts'
import { operation, pageAnswers } from '../openapi/operation.ts'
import { belowPath, publicPath } from '../public-path.ts'
import { assetRoutes } from './asset-routes.ts'
import { actOnAll, type BulkDeps, isBulkAct } from './bulk.ts'
import { type ChannelFormDeps, channelForms, takeFresh } from './channel-routes.ts'
import { curlText, type DeliveryFormDeps, deliveryForms, payloadFile } from './delivery/routes.ts'
import { baseOf, createPageFinder, type FinderDeps, nothingThere, type OwnParts } from './find-page.ts'
import { type AnswerForm, hidden, posted } from './forms.ts'
import { lastTest } from './hook/answered.ts'
import { type HookFormDeps, hookForms } from './hook/routes.ts'
import { createLiveStreams } from './live.ts'
import {
  type AnswerPage,
  type LoginDeps,
  linkRoute,
  loginRoutes,
  redirect,
  redirectToLogin,
  safeNext,
} from './login-routes.ts'
import type { Login } from './logins.ts'
import type { Page } from './page.ts'
import { createPageWatch } from './page-watch.ts'
import { createPageResponses, type PageResponses } from './responses.ts'
import { type SessionActions, sessionPageRoutes } from './session-routes.ts'
import { loginsView } from './settings.ts'
import { settingsForms } from './settings-routes.ts'
import { createSharedPages, type SharedPages } from './shared-pages.ts'
import type { PageView } from './templates.ts'

/** What the dashboard shows and does, bound to this server by the composition root. */
export interface DashboardDeps
  extends FinderDeps,
    BulkDeps,
    SessionActions,
    DeliveryFormDeps,
    ChannelFormDeps,
    HookFormDeps,
    Omit<LoginDeps, 'responses' | 'refused'> {
  readonly version: string
  readonly decide: AgentRequests['decide']
}

/**
 * The dashboard under `/dashboard`: assets, login, pages and forms. To read on: page with one of the pages (deliveries,
 * delivery, channels, sessions, hooks), responses and templates; live; login-guard, login-routes and logins.
 */
export const dashboardRoutes = (deps: DashboardDeps, guard: RequestGuard) => {
  const responses = createPageResponses({ version: deps.version, log: guard.log })
  const answer: AnswerPage = async (request, act) => {
    try {
      guard.hosts.check(request)
      return await act()
    } catch (thrown) {
      const response = await responses.problem(thrown, deps.guard.login(request))
      guard.refused(request, thrown, response)
      return response
    }
  }
  const inPage: AnswerPage = async (request, act) =>
    belowPath(publicPath(deps.publicUrl(), request), await answer(request, act))
  return new Elysia()
    .use(loginRoutes({ ...deps, responses, refused: guard.refused }, inPage))
    .use(linkRoute(deps, guard))
    .use(assetRoutes(guard))
    .use(pageRoutes(deps, responses, inPage, guard))
    .use(formRoutes(deps, responses, inPage, guard))
    .use(sessionPageRoutes(deps, inPage, guard))
}

/** The pages, and the event stream that reports their changes. */
function pageRoutes(deps: DashboardDeps, responses: PageResponses, inPage: AnswerPage, guard: RequestGuard) {
  const pageAt = createPageFinder(deps)
  const shared = createSharedPages({ pageAt, draw: responses.draw, elapsed })
  const follow = createFollower(deps, guard, shared.anew)
  const show = ({ request }: { request: Request }) =>
    inPage(request, async () => {
      const login = deps.guard.login(request)
      if (!login) return redirectToLogin(request)
      const url = new URL(request.url)
      return isRefresh(request)
        ? responses.drawn((await shared.at(url)).drawn(), login)
        : responses.page(
            await opened(await pageAt(url, await ownParts(deps, url, request)), ownView(deps, url, login)),
            login,
          )
    })
  const lead = ({ request }: { request: Request }) => inPage(request, () => redirect('/dashboard'))
  return (
    new Elysia()
      .get('/', lead, hidden)
      .get('/dashboard', show, { detail: dashboardDetail })
      .get('/dashboard/', lead, hidden)
      // What no other route has is a page that says so.
      .get('/dashboard/*', show, hidden)
      .get('/dashboard/channels', show, hidden)
      .get('/dashboard/sessions', show, hidden)
      .get('/dashboard/sessions/:id', show, hidden)
      .get('/dashboard/hooks', show, hidden)
      .get('/dashboard/hooks/:name', show, hidden)
      .get('/dashboard/deliveries/:id', show, hidden)
      .get(
        '/dashboard/deliveries/:id/payload',
        ({ request, params }) =>
          inPage(request, async () => {
            if (!deps.guard.login(request)) return redirectToLogin(request)
            return payloadFile(deps.store, params.id)
          }),
        hidden,
      )
      .get(
        '/dashboard/deliveries/:id/curl',
        ({ request, params }) =>
          inPage(request, async () => {
            if (!deps.guard.login(request)) return redirectToLogin(request)
            return curlText(deps, params.id, baseOf(deps, new URL(request.url)))
          }),
        hidden,
      )
      .get('/dashboard/bulk/:act', show, hidden)
      .get('/dashboard/refused', show, hidden)
      .get('/dashboard/settings', show, hidden)
      .get('/dashboard/events', ({ request }) => guarded(guard, request, () => follow(request)), hidden)
  )
}

/** The forms of the dashboard, each with the secret of its login. */
function formRoutes(deps: DashboardDeps, responses: PageResponses, inPage: AnswerPage, guard: RequestGuard) {
  const post: AnswerForm = (request, act) =>
    inPage(request, async () => {
      const form = await deps.guard.adminForm(request)
      guard.keepOpen(request)
      return act(form, deps.guard.require(request))
    })
  return new Elysia({ prefix: '/dashboard' })
    .use(deliveryForms(deps, post))
    .use(channelForms(deps, post))
    .use(settingsForms(deps, post))
    .use(hookForms(deps, post, async (page, login) => responses.page(await opened(page), login)))
    .post(
      '/bulk/:act',
      ({ request, params: { act } }) =>
        post(request, async (form, login) => {
          if (!isBulkAct(act)) throw nothingThere()
          return responses.page(await actOnAll(deps, act, form), login)
        }),
      posted,
    )
    .post(
      '/decisions/:id',
      ({ request, params }) => post(request, (form) => decide(deps, params.id, form)),
      posted,
    )
}

const dashboardDetail = operation({
  tag: 'Dashboard',
  id: 'dashboard',
  summary: 'The dashboard',
  description: 'Pages for browsers, by a cookie of their own.',
  answers: pageAnswers,
  refuses: [403, 421],
})

const elapsed = () => performance.now()

/** Most pages that one stream follows; further ones are not refreshed. */
const mostFollowed = 64

/** Tells the pages that a browser has open (`?of=…`, once for each) when they would look different. */
function createFollower(
  deps: DashboardDeps,
  { keepOpen }: RequestGuard,
  anew: SharedPages['anew'],
): (request: Request) => Response {
  const liveStream = createLiveStreams(
    createPageWatch({
      digest: async (url) => (await anew(url)).digest,
      commits: deps.store.commits,
      elapsed,
    }),
  )
  return (request) => {
    deps.guard.require(request)
    const { searchParams, origin } = new URL(request.url)
    const pages = [...new Set(searchParams.getAll('of'))]
    if (pages.length === 0 || pages.some((page) => !/^\/dashboard[\x21-\x7e]*$/.test(page)))
      throw nothingThere()
    keepOpen(request)
    return liveStream({
      pages: pages.slice(0, mostFollowed),
      origin,
      wanted: () => !deps.draining() && deps.guard.login(request) !== undefined,
      signal: request.signal,
    })
  }
}

/** As a person sees it first. */
const opened = async (page: Page, own: PageView = {}): Promise<Page> => ({
  ...page,
  view: { ...page.view, ...(await page.atOnce?.()), ...own },
})

/** What a page shows to one login alone, once or for a while. */
const ownParts = async ({ guard }: DashboardDeps, url: URL, request: Request): Promise<OwnParts> => ({
  fresh: url.pathname === '/dashboard/channels' ? await takeFresh(guard, request) : undefined,
  answered: url.searchParams.has('sent') ? await lastTest(guard, request) : undefined,
})

/** What only one login sees. */
const ownView = (deps: DashboardDeps, { pathname }: URL, login: Login): PageView =>
  pathname === '/dashboard/settings' ? loginsView(deps, login) : {}

/** By the page's own script, when it was told of a change; a person who goes to a page sees it as it is now. */
const isRefresh = ({ headers }: Request): boolean => headers.get('sec-fetch-dest') === 'empty'

async function decide(deps: DashboardDeps, id: string, form: URLSearchParams): Promise<Response> {
  const verdict = form.get('verdict') ?? ''
  if (!isDecisionId(id) || !isVerdict(verdict)) throw nothingThere()
  await deps.decide({ id, verdict, door: 'dashboard' })
  return redirect(safeNext(form.get('next')))
}
