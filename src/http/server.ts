import { type AnyElysia, Elysia } from 'elysia'
import { Failure } from '../domain/error.ts'
import { type RequestGuard, refusal } from './guard.ts'
import { asPage } from './refusal-page.ts'
import { rawPath } from './request.ts'

/** Methods each path answers, for 405 and `Allow`; a `:name` segment matches any one, `*` at the end all that follow. */
type Routes = readonly { readonly path: string; readonly method: string }[]

export interface ServerParts {
  /** Made at the start: what knocks and probes need. */
  readonly first: readonly AnyElysia[]
  /** Made at the first request that `first` has no route for, so that the start does not wait for them. */
  readonly later: () => readonly AnyElysia[]
}

/**
 * Everything that answers HTTP, as one function from request to response. Never rejects. To read on: guard, hosts,
 * credentials, body, problem; routes/ for knocks and programs, with api and models/; dashboard/ for people; openapi/.
 */
export function createServer(
  guard: RequestGuard,
  { first, later }: ServerParts,
  { secure }: { readonly secure: boolean },
): (request: Request) => Response | Promise<Response> {
  let rest: AnyElysia | undefined
  const everyRoute = () => [...first.flatMap(({ routes }) => routes), ...(rest?.routes ?? [])]
  const app = build(first, secure, guard, (request) => {
    rest ??= build(later(), secure, guard, (unknown) =>
      asPage(unknown, refusal(guard, unknown, nothingThere(guard, everyRoute(), unknown))),
    )
    return rest.fetch(request)
  })
  if (!secure) return (request) => app.fetch(request)
  return (request) =>
    request.url.indexOf('/', 'https://'.length) < 11
      ? refusal(guard, request, hostTooShort())
      : app.fetch(request)
}

function build(
  parts: readonly AnyElysia[],
  secure: boolean,
  guard: RequestGuard,
  otherwise: (request: Request) => Response | Promise<Response>,
): AnyElysia {
  // Elysia looks for the path from the 7th character on, which is right for http; or from the 11th, right for most of https.
  const app = new Elysia({ strictPath: true, normalize: false, handler: { standardHostname: secure } })
  for (const part of parts) app.use(part)
  app.onError({ as: 'global' }, async ({ request, error, code }) =>
    code === 'NOT_FOUND' ? otherwise(request) : refusal(guard, request, error),
  )
  return app.compile()
}

const hostTooShort = () =>
  new Failure('host_not_allowed', 'With TLS this server does not answer to a Host of one or two characters.')

/** 405 where only the method is wrong, before the Host is looked at; else 404. */
function nothingThere(guard: RequestGuard, routes: Routes, request: Request): unknown {
  const allowed = methodsFor(routes, rawPath(request))
  if (allowed.length > 0)
    return new Failure('method_not_allowed', `Use ${allowed.join(' or ')} here.`, {
      allow: allowed.join(', '),
    })
  try {
    guard.hosts.check(request)
  } catch (refusal) {
    return refusal
  }
  return new Failure('not_found', 'There is nothing at this path.')
}

function methodsFor(routes: Routes, path: string): readonly string[] {
  const matching = routes.filter((route) => matches(route.path, path))
  return [...new Set(matching.map((route) => route.method))]
}

function matches(pattern: string, path: string): boolean {
  const expected = pattern.split('/')
  const actual = path.split('/')
  return (
    (expected.length === actual.length || (expected.at(-1) === '*' && expected.length < actual.length)) &&
    expected.every((segment, i) =>
      /^[:*]/.test(segment) ? segment === '*' || actual[i] !== '' : segment === actual[i],
    )
  )
}
