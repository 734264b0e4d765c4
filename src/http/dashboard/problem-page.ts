import type { Code } from '../../domain/error.ts'
import { adviceOn, helpOn } from '../../manage/troubleshooting.ts'
import type { PageView } from './templates.ts'

interface Shown {
  readonly status: number
  readonly code: Code
  readonly title: string
  readonly detail: string
  readonly requestId?: string
}

interface Remedy {
  readonly now: string
  readonly command?: string
}

/** What the page of a problem document shows: what, why, what now. `retryAfter` in seconds, as the answer says it. */
export function problemView(problem: Shown, retryAfter: string | null): PageView {
  const { title, detail, status, requestId } = problem
  const { now, command } = remedyOf(problem, retryAfter)
  return { title, detail, status, requestId: requestId ?? null, now, command: command ?? null }
}

function remedyOf({ code, requestId }: Shown, retryAfter: string | null): Remedy {
  const remedy = inBrowsers[code]?.(retryAfter ?? '1', requestId ?? '')
  if (remedy) return remedy
  const mends = adviceOn(code)[0]?.mends
  return {
    now: mends ? `What mends it: ${mends}.` : 'More on what is known of it:',
    command: helpOn(code) ?? 'postern help troubleshooting',
  }
}

/** Where a person at a page does something else than a program. */
const inBrowsers: {
  readonly [code in Code]?: (seconds: string, requestId: string) => Remedy
} = {
  not_found: () => ({
    now: 'It may have been purged, or ended, or the address is cut off. What is there is found in the lists.',
  }),
  unauthorized: () => ({ now: 'Log in again; nothing was changed.' }),
  origin_not_allowed: () => ({
    now: 'Go back, load the page again and repeat it. Behind a proxy the server must know its name: server.publicUrl, or:',
    command: 'postern serve --public-url https://your.name',
  }),
  host_not_allowed: () => ({
    now: 'Ask for the server by a name it knows: that of server.publicUrl or of server.allowedHosts. What it knows is told by:',
    command: 'postern doctor',
  }),
  rate_limited: (seconds) => ({
    now: `Try again in ${seconds} ${seconds === '1' ? 'second' : 'seconds'}: who knows the right token is let in at any time.`,
  }),
  store_unavailable: () => ({
    now: 'The disk is full, or fails: nothing that is not stored is accepted meanwhile. Make room, then:',
    command: 'postern doctor',
  }),
  draining: () => ({ now: 'The server is being stopped or replaced. Load this page again in a moment.' }),
  internal: (_, requestId) => ({
    now: 'That is a mistake of Postern, and nothing of yours. The log has the whole of it under the request id:',
    command: `journalctl -u postern | grep ${requestId}`,
  }),
}
