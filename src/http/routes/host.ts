import { Failure } from '../../domain/error.ts'
import type { HostName } from '../../domain/host.ts'
import { tooManyFailures } from '../../inbound/rate-limiter.ts'
import { decodeUtf8 } from '../../payload/text.ts'
import { createApi } from '../api.ts'
import { readBody, unpacked } from '../body.ts'
import type { RequestGuard } from '../guard.ts'
import { bearerOf } from '../request.ts'

/** What a host asks for, as text in and text out; what it means is between the two programs. */
type Act = (host: HostName, text: string, signal: AbortSignal) => Promise<string>

interface HostDeps {
  /** The host whose token that is; undefined for any other. */
  readonly hostOf: (token: string) => Promise<HostName | undefined>
  /** Spends one failed attempt of the peer; milliseconds to wait, or 0. */
  readonly failed: (request: Request) => number
  readonly acts: Readonly<Record<string, Act>>
}

/** An answer of an agent, and what comes with it. */
const maxBodyBytes = 32 * 1024 * 1024

/** Below `/api/host/`: for a host that has joined, with its token, which opens nothing else, and nothing else opens these. */
export const hostRoutes = (deps: HostDeps, guard: RequestGuard) =>
  createApi(guard, '/api/host').post(
    '/:act',
    async ({ request, params }) => {
      guard.hosts.check(request)
      const host = await admit(deps, request)
      const act = Object.hasOwn(deps.acts, params.act) ? deps.acts[params.act] : undefined
      if (!act) throw new Failure('not_found', 'A host cannot ask for that.')
      const text = decodeUtf8(await unpacked(request, await readBody(request, maxBodyBytes), maxBodyBytes))
      guard.keepOpen(request)
      return new Response(await act(host, text, request.signal), {
        headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      })
    },
    // Between programs of Postern: no part of the API.
    { parse: 'none', detail: { hide: true } },
  )

async function admit({ hostOf, failed }: HostDeps, request: Request): Promise<HostName> {
  const token = bearerOf(request) ?? ''
  const host = await hostOf(token)
  if (host) return host
  const extra =
    token === '' ? { why: 'there is no token' } : { why: 'no host has that token', guess: true as const }
  const retryAfterMs = failed(request)
  throw retryAfterMs > 0
    ? tooManyFailures(retryAfterMs, extra)
    : new Failure('unauthorized', 'Send the token of a host as a Bearer token.', extra)
}
