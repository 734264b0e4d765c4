import { isSecret } from '../auth/secrets.ts'
import { Failure } from '../domain/error.ts'
import { isLoopback } from '../domain/loopback.ts'
import { tooManyFailures } from '../inbound/rate-limiter.ts'
import { bearerOf } from './request.ts'

/** The admin token, or what stands for it: full use of `/api`, and of no other route. */
export interface AdminCheck {
  /** Throws `unauthorized`, or `rate_limited` when that peer guessed too often. */
  require(request: Request): void
  /** Whether the request carries the admin token; a wrong one is not counted. */
  holds(request: Request): boolean
}

interface AdminCheckDeps {
  /** The token as it is at this moment. */
  readonly adminToken: () => string
  /** Whether a bearer token stands for it at this moment. */
  readonly standsFor?: (token: string) => boolean
  /** Spends one failed attempt of the peer; milliseconds to wait, or 0. */
  readonly failed: (request: Request) => number
}

export function createAdminCheck(deps: AdminCheckDeps): AdminCheck {
  const holds = (request: Request) => {
    const token = bearerOf(request) ?? ''
    return isSecret(token, [deps.adminToken()]) || deps.standsFor?.(token) === true
  }
  return {
    holds,
    require(request) {
      if (holds(request)) return
      throw refusal(deps.failed(request), bearerOf(request) !== undefined)
    },
  }
}

function refusal(retryAfterMs: number, shown: boolean): Failure {
  const extra = shown
    ? ({ why: 'the admin token is wrong', guess: true } as const)
    : { why: 'there is no admin token' }
  return retryAfterMs > 0
    ? tooManyFailures(retryAfterMs, extra)
    : new Failure('unauthorized', 'Send the admin token as a Bearer token.', extra)
}

export interface PageAccess {
  /** As configured. */
  readonly access: 'open' | 'admin' | 'off' | undefined
  readonly publicUrl: string | undefined
  /** IP address of who asks. */
  readonly peer: string
}

/**
 * Lets a request see a page that may be open, for the admin, or off; open on loopback unless configured. Throws `not_found`,
 * or what `admin` throws.
 */
export function admitTo(
  { access, publicUrl, peer }: PageAccess,
  admin: Pick<AdminCheck, 'require'>,
  request: Request,
): void {
  const decided = access ?? (isLocal({ publicUrl, peer }, request) ? 'open' : 'admin')
  if (decided === 'off') throw new Failure('not_found', 'There is nothing at this path.')
  if (decided === 'admin') admin.require(request)
}

/** Surely asked from this machine: where there is a public URL, a proxy may stand between and not say so. */
export const isLocal = (
  { publicUrl, peer }: Pick<PageAccess, 'publicUrl' | 'peer'>,
  request: Request,
): boolean => publicUrl === undefined && isFromHere(request, peer)

/** Of those that proxies and tunnels add, what none of our own clients sends. */
const forwarding = /forwarded|client-?ip$|real-ip$|connecting-ip$|external-address$|^via$|^cf-ray$/

/** Asked from this machine, for this machine, and through no proxy that says so. */
const isFromHere = ({ headers }: Request, peer: string): boolean =>
  isLoopback(peer.replace(/^::ffff:/i, '')) &&
  isLoopback((headers.get('host') ?? '').toLowerCase().replace(/:\d*$/, '')) &&
  ![...headers.keys()].some((name) => forwarding.test(name))
