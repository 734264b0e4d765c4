import { barePage, bareStyleSource } from './bare-page.ts'
import { rawPath } from './request.ts'

/**
 * The refusal of a GET as a page for the person who opened the address in a browser; whoever does not ask for HTML keeps the
 * problem document. It is the same for every address: it names no session, and repeats nothing of what was asked for.
 */
export function asPage(request: Request, problem: Response): Response {
  const page = asksForHtml(request) ? pageOf(rawPath(request), problem.status) : undefined
  if (page === undefined) return problem
  const headers = new Headers(problem.headers)
  headers.set('content-type', 'text/html; charset=utf-8')
  headers.set('content-security-policy', `default-src 'none'; ${bareStyleSource}; frame-ancestors 'none'`)
  return new Response(page, { status: problem.status, headers })
}

/** Other refusals are for programs. */
function pageOf(path: string, status: number): string | undefined {
  if (status === 405) return isChannel(path) ? postPage : undefined
  if (status === 404) return nothingHere
  return status === 421 ? otherName : undefined
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

const postPage = barePage(
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

const nothingHere = barePage(
  'Nothing here',
  `
<h1>There is nothing at this address</h1>
<p>It may have been cut off or mistyped. Copy the whole of it from where you have it, or ask who gave it to you.</p>
<p class="hint">Status 404</p>`,
)

const otherName = barePage(
  'Not by this name',
  `
<h1>This server does not answer to that name</h1>
<p>If it is yours: add the name in the address to <code>server.allowedHosts</code>, or make it the <code>server.publicUrl</code>.</p>
<p class="hint">Status 421</p>`,
)
