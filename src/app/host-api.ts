import { isDeliveryId } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import type { SessionId } from '../domain/session.ts'
import type { AdminCheck } from '../http/credentials.ts'
import type { RequestGuard } from '../http/guard.ts'
import { deliveryRoutes } from '../http/routes/deliveries.ts'
import { deliveryRoute } from '../http/routes/delivery.ts'
import { sessionRoutes } from '../http/routes/sessions.ts'
import { createServer } from '../http/server.ts'
import type { HostStore } from '../link/host-store.ts'
import type { ApiRequest } from '../link/wire.ts'
import { guardInside, requestInside } from './inside.ts'

type Routes = Parameters<typeof sessionRoutes>[0] &
  Parameters<typeof deliveryRoutes>[0] &
  Parameters<typeof deliveryRoute>[0]

type Own = Pick<HostStore, 'findDelivery' | 'listSessions'>

/**
 * The few routes of the API that commands of a joined machine use, for the host's own sessions: sending, also once more, following what
 * was sent, cancelling a turn, what the agents do. Throws `session_not_allowed` for everything else.
 */
export function createHostApi(deps: Routes, guard: RequestGuard) {
  const admin: AdminCheck = { require: () => {}, holds: () => true }
  const inside = guardInside(guard, { peer: () => 'a host', keepOpen: () => {}, refused: () => {} })
  const routes = { ...deps, admin }
  const parts = [sessionRoutes(routes, inside), deliveryRoutes(routes, inside), deliveryRoute(routes, inside)]
  const answer = createServer(inside, { first: parts, later: () => [] }, { secure: false })
  return async (own: Own, asked: ApiRequest) => {
    const ids = new Set((await own.listSessions()).map(({ id }) => id))
    await requireOwn(own, ids, asked)
    const response = await answer(requestInside(asked.method, asked.path, asked.body))
    const body: unknown = await response.json().catch(() => undefined)
    const isList = asked.path === sessionsPath && Array.isArray(body)
    return { status: response.status, body: isList ? body.filter(({ id }) => ids.has(id)) : body }
  }
}

const sessionsPath = '/api/sessions'

async function requireOwn(
  { findDelivery }: Own,
  ids: ReadonlySet<SessionId>,
  { method, path, body }: ApiRequest,
): Promise<void> {
  const has = (id: unknown) => ids.has(id as SessionId)
  const [, cancelled] = /^\/api\/sessions\/([\w.-]+)\/cancel$/.exec(path) ?? []
  const [, followed = ''] = /^\/api\/deliveries\/(\w+)(?:\?wait=\d+)?$/.exec(path) ?? []
  const [, replayed = ''] = /^\/api\/deliveries\/(\w+)\/replay$/.exec(path) ?? []
  const wasSentToOwn = async (id: string) => isDeliveryId(id) && (await findDelivery(id)) !== undefined
  const mayPost = async () =>
    path === '/api/deliveries' ? has(sessionNamed(body)) : has(cancelled) || (await wasSentToOwn(replayed))
  const isOwn =
    method === 'GET'
      ? path === sessionsPath || (await wasSentToOwn(followed))
      : method === 'POST' && (await mayPost())
  if (!isOwn)
    throw new Failure(
      'session_not_allowed',
      'From a host only its own sessions can be reached. Do that at the door.',
    )
}

const sessionNamed = (body: unknown): unknown =>
  typeof body === 'object' && body !== null && 'session' in body ? body.session : undefined
