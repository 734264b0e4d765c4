import { Failure } from '../domain/error.ts'
import type { GrantId } from '../domain/grant.ts'
import { hookRoot } from '../domain/hook.ts'
import { oneLine } from '../domain/one-line.ts'
import type { NewRefusal } from '../domain/refusal.ts'
import type { RequestGuard } from './guard.ts'
import { rawPath } from './request.ts'

interface RefusedDeps {
  readonly note: (refusal: NewRefusal, guess: boolean) => void
  readonly peer: (request: Request) => string
  readonly now: () => number
}

/** What requests leave behind that were not let through: what came to the doors, and every failed proof. */
export const createRefusalNotes = (deps: RefusedDeps): Pick<RequestGuard, 'refused' | 'ignored'> => ({
  refused(request, thrown, response) {
    if (!(thrown instanceof Failure) || !isWorthNoting(request, thrown)) return
    const { why, guess } = thrown.extra
    const refusal = {
      ...askedOf(deps, request, thrown.extra),
      status: response.status,
      code: thrown.code,
      cause: shortened(why ?? thrown.message, 200),
      requestId: response.headers.get('x-request-id') ?? '-',
    }
    deps.note(refusal, guess === true)
  },
  ignored(request, hook, why) {
    const requestId = crypto.randomUUID()
    const cause = shortened(why, 200)
    deps.note({ ...askedOf(deps, request, { hook }), status: 202, code: 'ignored', cause, requestId }, false)
  },
})

const proofs: readonly string[] = [
  ...(['unauthorized', 'forbidden', 'rate_limited'] as const),
  ...(['host_not_allowed', 'origin_not_allowed'] as const),
]

/** What left a delivery is in the list of those. Elsewhere than at the doors only a failed proof is a knock. */
function isWorthNoting(request: Request, { code, extra }: Failure): boolean {
  if (extra.deliveryId !== undefined || code === 'internal') return false
  return isDoor(rawPath(request)) || proofs.includes(code)
}

const isDoor = (path: string): boolean =>
  path === '/hook' || path.startsWith('/hook/') || path.startsWith(hookRoot)

function askedOf(
  { peer, now }: RefusedDeps,
  request: Request,
  { hook, grant }: { readonly hook?: string; readonly grant?: string },
) {
  const userAgent = shortened(request.headers.get('user-agent') ?? '', 120)
  return {
    at: now(),
    door: doorOf(rawPath(request), hook),
    ...(hook !== undefined && { hook }),
    ...(grant !== undefined && { grant: grant as GrantId }),
    peer: peer(request),
    ...(userAgent !== '' && { userAgent }),
  }
}

const parts = ['/api', '/dashboard', '/docs', '/metrics', '/readyz', '/healthz', '/agent', '/mcp', '/decide']

/** Of what a stranger spelled only what looks like the name of a hook is kept: the rest may be somebody's secret. */
function doorOf(path: string, hook: string | undefined): string {
  if (path === '/hook' || path.startsWith('/hook/')) return '/hook'
  if (path.startsWith(hookRoot)) return hook !== undefined || isPlain(path) ? path : `${hookRoot}…`
  return parts.find((part) => path === part || path.startsWith(`${part}/`)) ?? '/…'
}

const isPlain = (path: string): boolean => /^(\/[a-z0-9][a-z0-9_.-]{0,31}){1,6}$/.test(path)

/** One line without control characters, and without what is long enough to be a key. */
const shortened = (text: string, most: number): string =>
  oneLine(text.slice(0, 4 * most))
    .replace(/[A-Za-z0-9+/=_.-]{32,}/g, '…')
    .slice(0, most)
