import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import type { Log } from '../../domain/ports.ts'
import { problemResponse, secondsToWait } from '../problem.ts'
import bulk from './assets/bulk.mustache' with { type: 'text' }
import channels from './assets/channels.mustache' with { type: 'text' }
import chart from './assets/chart.mustache' with { type: 'text' }
import deliveries from './assets/deliveries.mustache' with { type: 'text' }
import delivery from './assets/delivery.mustache' with { type: 'text' }
import detail from './assets/detail.mustache' with { type: 'text' }
import door from './assets/door.mustache' with { type: 'text' }
import hook from './assets/hook.mustache' with { type: 'text' }
import hooks from './assets/hooks.mustache' with { type: 'text' }
import layout from './assets/layout.mustache' with { type: 'text' }
import loggedIn from './assets/logged-in.mustache' with { type: 'text' }
import login from './assets/login.mustache' with { type: 'text' }
import problem from './assets/problem.mustache' with { type: 'text' }
import refusals from './assets/refusals.mustache' with { type: 'text' }
import refused from './assets/refused.mustache' with { type: 'text' }
import session from './assets/session.mustache' with { type: 'text' }
import sessions from './assets/sessions.mustache' with { type: 'text' }
import settings from './assets/settings.mustache' with { type: 'text' }
import { icons } from './icons.ts'
import type { Login } from './logins.ts'
import type { Page, Section } from './page.ts'
import { problemView } from './problem-page.ts'
import { createTemplates, type PageView } from './templates.ts'

/** A whole page as it is sent, but for the secret of the login that stands in its forms. */
export type Drawn = (csrf: string) => Uint8Array<ArrayBuffer>

/** Responses for browsers. */
export interface PageResponses {
  /** A page of who is logged in. */
  page(page: Page, login: Login, status?: number): Response
  /** The same page for any login. */
  draw(page: Page): Drawn
  drawn(drawn: Drawn, login: Login): Response
  /** A page outside of any login. */
  plain(template: 'login' | 'loggedIn', view: PageView, status?: number, retryAfterMs?: number): Response
  /** Any thrown thing as a page; only `Failure` texts are shown. */
  problem(thrown: unknown, login: Login | undefined): Promise<Response>
}

const templates = {
  bulk,
  channels,
  chart,
  deliveries,
  delivery,
  detail,
  door,
  hook,
  hooks,
  layout,
  loggedIn,
  login,
  problem,
  refusals,
  refused,
  session,
  sessions,
  settings,
}

const sections: readonly { readonly section: Section; readonly label: string; readonly href: string }[] = [
  { section: 'deliveries', label: 'Deliveries', href: '/dashboard' },
  { section: 'sessions', label: 'Sessions', href: '/dashboard/sessions' },
  { section: 'channels', label: 'Channels', href: '/dashboard/channels' },
  { section: 'hooks', label: 'Hooks', href: '/dashboard/hooks' },
  { section: 'settings', label: 'Settings', href: '/dashboard/settings' },
]

export function createPageResponses({
  version,
  log,
}: {
  readonly version: string
  readonly log: Log
}): PageResponses {
  const { page } = createTemplates(templates)
  const render = (template: string, view: PageView) =>
    page(template, {
      ...{ goTo: null, csrf: null, live: null, script: null, nav: [], needs: null, version },
      ...view,
    })
  const draw = ({ template, title, section, view, live }: Page): Drawn => {
    // Nobody can guess it, so it stands nowhere else in the page.
    const place = randomUUID()
    const text = render(template, {
      ...{ title, csrf: place, nav: navigation(section) },
      live: live ?? null,
      ...view,
    })
    const parts = text.split(place).map((part) => Buffer.from(part))
    return (csrf) => Buffer.concat(parts.flatMap((part, i) => (i === 0 ? part : [Buffer.from(csrf), part])))
  }
  return {
    draw,
    drawn: (drawn, { csrf }) => html(drawn(csrf), 200),
    page: (page, { csrf }, status = 200) => html(draw(page)(csrf), status),
    plain: (template, view, status = 200, retryAfterMs = 0) =>
      html(render(template, view), status, retryAfterMs > 0 ? `${secondsToWait(retryAfterMs)}` : null),
    problem: async (thrown, login) => {
      const response = problemResponse(thrown, log)
      const retryAfter = response.headers.get('retry-after')
      const view = { ...problemView(await response.json(), retryAfter), ...ways(login) }
      const page = html(render('problem', view), response.status, retryAfter)
      page.headers.set('x-request-id', response.headers.get('x-request-id') ?? '')
      return page
    },
  }
}

const navigation = (section: Section | undefined) =>
  sections.map((item) => ({
    ...{ label: item.label, href: item.href, icon: icons[item.section] },
    current: item.section === section,
  }))

const ways = (login: Login | undefined): PageView =>
  login
    ? {
        ...{ csrf: login.csrf, nav: navigation(undefined) },
        ...{ back: '/dashboard', backLabel: 'To the deliveries' },
      }
    : { back: '/dashboard/login', backLabel: 'Log in' }

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

/** Sent with every page we make ourselves. `same-origin`, because a form posted without referrer has no origin either. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy,
  'cache-control': 'no-store',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
}

const html = (
  text: string | Uint8Array<ArrayBuffer>,
  status: number,
  retryAfter: string | null = null,
): Response =>
  new Response(text, {
    status,
    headers: { ...pageHeaders, ...(retryAfter !== null && { 'retry-after': retryAfter }) },
  })
