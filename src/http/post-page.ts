import { barePage, bareStyleSource } from './bare-page.ts'
import { rawPath } from './request.ts'

/**
 * The refusal of a GET at a capability URL, as a page for the person who opened it in a browser; whoever does not ask for
 * HTML keeps the problem document. It names no session and repeats nothing of the address.
 */
export function asPostPage(request: Request, problem: Response): Response {
  if (problem.status !== 405 || !isChannel(rawPath(request)) || !asksForHtml(request)) return problem
  const headers = new Headers(problem.headers)
  headers.set('content-type', 'text/html; charset=utf-8')
  headers.set('content-security-policy', `default-src 'none'; ${bareStyleSource}; frame-ancestors 'none'`)
  return new Response(page, { status: problem.status, headers })
}

const isChannel = (path: string): boolean => path === '/hook' || path.startsWith('/hook/')

export const asksForHtml = (request: Request): boolean => request.method === 'GET' && takesHtml(request)

export const takesHtml = ({ headers }: Request): boolean =>
  (headers.get('accept') ?? '')
    .toLowerCase()
    .split(',')
    .some(
      (range) =>
        /^\s*(text\/html|application\/xhtml\+xml)\s*(;|$)/.test(range) &&
        !/;\s*q=0(\.0*)?\s*(;|$)/.test(range),
    )

const page = barePage(
  'An address for messages',
  `
<h1>This address takes messages</h1>
<p>It hands them to a running agent. Programs post to it; there is nothing to look at, and opening it has sent nothing.</p>
<p>To send a message, put the address of this page in the place of <code>URL</code>:</p>
<pre>curl -H 'Content-Type: application/json' -d '{"message": "Hello", "from": "me"}' 'URL'</pre>
<p>or, as plain text:</p>
<pre>curl -H 'Content-Type: text/plain' -d 'Hello' 'URL'</pre>
<p>Whoever has the address can send to it: keep it like a password.</p>`,
)
