import { isSecret } from '../auth/secrets.ts'
import { Failure } from '../domain/error.ts'
import { isLoopback } from '../domain/loopback.ts'
import { tooManyFailures } from '../inbound/rate-limiter.ts'
import { bearerOf } from './request.ts'

/** The admin token: full use of `/api`, and of no other route. */
export interface AdminCheck {
  /** Throws `unauthorized`, or `rate_limited` when that peer guessed too often. */
  require(request: Request): void
  /** Whether the request carries the admin token; a wrong one is not counted. */
  holds(request: Request): boolean
}

interface AdminCheckDeps {
  /** The token as it is at this moment. */
  readonly adminToken: () => string
  /** Spends one failed attempt of the peer; milliseconds to wait, or 0. */
  readonly failed: (request: Request) => number
}

export function createAdminCheck(deps: AdminCheckDeps): AdminCheck {
  const holds = (request: Request) => isSecret(bearerOf(request) ?? '', [deps.adminToken()])
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
  const isLocal = publicUrl === undefined && isFromHere(request, peer)
  const decided = access ?? (isLocal ? 'open' : 'admin')
  if (decided === 'off') throw new Failure('not_found', 'There is nothing at this path.')
  if (decided === 'admin') admin.require(request)
}

const forwarding = ['forwarded', 'via', 'x-real-ip', 'x-client-ip', 'cf-connecting-ip', 'true-client-ip']

/** Asked from this machine, for this machine, and through no proxy that says so. */
const isFromHere = ({ headers }: Request, peer: string): boolean =>
  isLoopback(peer.replace(/^::ffff:/i, '')) &&
  isLoopback((headers.get('host') ?? '').toLowerCase().replace(/:\d*$/, '')) &&
  ![...headers.keys()].some((name) => name.startsWith('x-forwarded') || forwarding.includes(name))
