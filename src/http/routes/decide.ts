import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { macOf } from '../../auth/mac.ts'
import { sameText } from '../../auth/secrets.ts'
import { type Decision, type DecisionStore, isVerdict } from '../../domain/decision.ts'
import { Failure } from '../../domain/error.ts'
import type { Tokens } from '../../domain/ports.ts'
import { tooManyFailures } from '../../inbound/rate-limiter.ts'
import type { AgentRequests } from '../../manage/agent-requests.ts'
import { decisionBehind } from '../../manage/decide-link.ts'
import { decidedPage, decideHeaders, decidePage, decideProblem } from '../decide-page.ts'
import { readForm } from '../form.ts'
import { type RequestGuard, refusal } from '../guard.ts'
import { operation } from '../openapi/operation.ts'
import { takesHtml } from '../refusal-page.ts'
import { rawPath } from '../request.ts'

interface DecideDeps extends Pick<AgentRequests, 'decide'> {
  readonly store: Pick<DecisionStore, 'findDecision'>
  readonly tokens: Pick<Tokens, 'read'>
  readonly now: () => number
  /** Spends one failed attempt of the peer; milliseconds to wait, or 0. */
  readonly failed: (request: Request) => number
}

/**
 * `/decide/<token>`: a page that shows one request of an agent, and the form by which a person decides. Looking decides nothing:
 * scanners of mail and previews of links look, too.
 */
export function decideRoutes(deps: DecideDeps, guard: RequestGuard) {
  const look = ({ request }: { request: Request }) =>
    answered(guard, request, async () => {
      guard.hosts.check(request)
      const token = tokenIn(request)
      const page = decidePage(await behind(deps, request, token), proofOf(token))
      return htmlOf(request.method === 'HEAD' ? null : page)
    })
  const decide = ({ request }: { request: Request }) =>
    answered(guard, request, async () => {
      guard.hosts.checkForm(request)
      const token = tokenIn(request)
      const { id } = await behind(deps, request, token)
      const verdict = verdictIn(await readForm(request, maxFormBytes), token)
      guard.keepOpen(request)
      return htmlOf(decidedPage(await deps.decide({ id, verdict, door: 'url' })))
    })
  const hidden = { detail: { hide: true } } as const
  return new Elysia()
    .get('/decide/:token', look, { detail: pageDetail })
    .head('/decide/:token', look, hidden)
    .post('/decide/:token', decide, { parse: 'none', ...hidden })
}

const maxFormBytes = 4096

const tokenIn = (request: Request): string => rawPath(request).slice('/decide/'.length)

async function behind(deps: DecideDeps, request: Request, token: string): Promise<Decision> {
  try {
    return await decisionBehind(deps, token)
  } catch (thrown) {
    const retryAfterMs = deps.failed(request)
    if (retryAfterMs === 0) throw thrown
    throw tooManyFailures(retryAfterMs)
  }
}

/** What only the page at that address has in its form. */
const proofOf = (token: string): string =>
  Buffer.from(macOf(token, ['the form that decides'])).toString('base64url')

function verdictIn(form: URLSearchParams, token: string) {
  if (!sameText(form.get('proof') ?? '', proofOf(token)))
    throw new Failure('origin_not_allowed', 'Decide by the form of this page: open the address and choose.')
  const verdict = form.get('verdict') ?? ''
  if (isVerdict(verdict)) return verdict
  throw new Failure('unprocessable', 'Choose to allow or to deny.')
}

/** Refusals are pages for who takes pages. */
async function answered(
  guard: RequestGuard,
  request: Request,
  act: () => Promise<Response>,
): Promise<Response> {
  try {
    return await act()
  } catch (thrown) {
    const problem = refusal(guard, request, thrown)
    if (!takesHtml(request)) return problem
    const { title, detail } = (await problem.json()) as { readonly title: string; readonly detail: string }
    const page = htmlOf(request.method === 'HEAD' ? null : decideProblem(title, detail), problem.status)
    for (const name of ['retry-after', 'x-request-id']) {
      const value = problem.headers.get(name)
      if (value !== null) page.headers.set(name, value)
    }
    return page
  }
}

const htmlOf = (page: string | null, status = 200): Response =>
  new Response(page, { status, headers: decideHeaders })

const pageDetail = operation({
  tag: 'Decisions',
  id: 'decidePage',
  summary: 'The page of one request of an agent',
  description: 'For a person with its link: looking decides nothing, the form of the page does.',
  answers: { 200: Type.String({ description: 'The page', contentMediaType: 'text/html' }) },
  refuses: [403, 421, 429],
})
