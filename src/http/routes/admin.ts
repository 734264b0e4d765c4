import { Elysia } from 'elysia'
import type { Delivery, DeliveryState } from '../../domain/delivery.ts'
import { Failure } from '../../domain/error.ts'
import type { GrantId } from '../../domain/grant.ts'
import type { Hook } from '../../domain/hook.ts'
import type { Counts, DeliveryFilter, Store } from '../../domain/ports.ts'
import { parseSessionId } from '../../domain/session.ts'
import { deliveryView, grantView, hookView, mintView, sessionView } from '../../manage/views.ts'
import { readBody } from '../body.ts'
import type { AdminCheck } from '../credentials.ts'
import { answering, jsonResponse, type RequestGuard } from '../guard.ts'
import { adminDetails } from '../openapi/details.ts'

/** What the keeper can do over HTTP, bound to this server by the composition root. */
export interface AdminDeps {
  readonly admin: AdminCheck
  readonly store: Pick<Store, 'listGrants' | 'listSessions' | 'listDeliveries' | 'inspectDelivery' | 'counts'>
  readonly now: () => number
  /** As configured now. */
  readonly hooks: () => readonly Hook[]
  readonly expose: (order: ExposeOrder) => Promise<{ grant: Parameters<typeof mintView>[0]; url: string }>
  readonly revoke: (id: string) => Promise<Parameters<typeof grantView>[0]>
  readonly endSession: (id: string) => Promise<{ session: string; failed: number }>
  readonly say: (order: SayOrder) => Promise<Delivery>
  readonly retry: (id: string) => Promise<Delivery>
  readonly replay: (id: string, message: string | undefined) => Promise<Delivery>
  readonly purge: (id: string) => Promise<void>
  readonly acknowledge: (id: string) => Promise<Delivery>
}

export interface ExposeOrder {
  readonly session: string
  readonly verb?: string
  readonly ttlSeconds?: number | 'never'
  readonly label?: string
}

export interface SayOrder {
  readonly session: string
  readonly message: string
  readonly from?: string
  readonly idempotencyKey?: string
}

export const adminRoutes = (deps: AdminDeps, guard: RequestGuard) => {
  const asAdmin = (request: Request, act: () => Response | Promise<Response>) =>
    answering(guard, request, () => {
      deps.admin.require(request)
      return act()
    })
  return new Elysia({ prefix: '/api' })
    .get('/grants', ({ request }) => asAdmin(request, () => listGrants(deps, new URL(request.url))), {
      detail: adminDetails.listGrants,
    })
    .post('/grants', ({ request }) => asAdmin(request, () => mint(deps, request)), {
      parse: 'none',
      detail: adminDetails.mint,
    })
    .delete('/grants/:id', ({ request, params }) => asAdmin(request, () => revokeGrant(deps, params.id)), {
      detail: adminDetails.revoke,
    })
    .get('/sessions', ({ request }) => asAdmin(request, () => listSessions(deps)), {
      detail: adminDetails.listSessions,
    })
    .get('/sessions/:id', ({ request, params }) => asAdmin(request, () => showSession(deps, params.id)), {
      detail: adminDetails.showSession,
    })
    .delete('/sessions/:id', ({ request, params }) => asAdmin(request, () => endSession(deps, params.id)), {
      detail: adminDetails.endSession,
    })
    .get('/hooks', ({ request }) => asAdmin(request, () => jsonResponse(deps.hooks().map(hookView))), {
      detail: adminDetails.listHooks,
    })
    .get('/deliveries', ({ request }) => asAdmin(request, () => listDeliveries(deps, new URL(request.url))), {
      detail: adminDetails.listDeliveries,
    })
    .post('/deliveries', ({ request }) => asAdmin(request, () => say(deps, request)), {
      parse: 'none',
      detail: adminDetails.say,
    })
    .delete('/deliveries/:id', ({ request, params }) => asAdmin(request, () => purge(deps, params.id)), {
      detail: adminDetails.purge,
    })
    .post('/deliveries/:id/retry', ({ request, params }) => asAdmin(request, () => retry(deps, params.id)), {
      parse: 'none',
      detail: adminDetails.retry,
    })
    .post(
      '/deliveries/:id/replay',
      ({ request, params }) => asAdmin(request, () => replay(deps, request, params.id)),
      {
        parse: 'none',
        detail: adminDetails.replay,
      },
    )
    .post(
      '/deliveries/:id/ack',
      ({ request, params }) => asAdmin(request, () => acknowledge(deps, params.id)),
      {
        parse: 'none',
        detail: adminDetails.acknowledge,
      },
    )
}

async function listGrants(deps: AdminDeps, url: URL): Promise<Response> {
  const session = url.searchParams.get('session')
  const grants = await deps.store.listGrants(session === null ? {} : { session: parseSessionId(session) })
  return jsonResponse(grants.map((grant) => grantView(grant, deps.now())))
}

async function mint(deps: AdminDeps, request: Request): Promise<Response> {
  const fields = await readFields(request)
  const ttl = fields.ttl ?? fields.ttlSeconds
  if (ttl !== undefined && ttl !== 'never' && typeof ttl !== 'number')
    throw new Failure('unprocessable', '"ttl" is whole seconds, or "never".')
  const { grant, url } = await deps.expose({
    session: requiredText(fields, 'session'),
    ...optionalText(fields, 'verb'),
    ...optionalText(fields, 'label'),
    ...(ttl !== undefined && { ttlSeconds: ttl }),
  })
  return jsonResponse(mintView(grant, url), 201)
}

async function revokeGrant(deps: AdminDeps, id: string): Promise<Response> {
  return jsonResponse(grantView(await deps.revoke(id), deps.now()))
}

async function listSessions(deps: AdminDeps): Promise<Response> {
  const { queues } = await deps.store.counts()
  return jsonResponse((await deps.store.listSessions()).map((session) => sessionView(session, queues)))
}

async function showSession(deps: AdminDeps, id: string): Promise<Response> {
  const { queues }: Counts = await deps.store.counts()
  const session = (await deps.store.listSessions()).find((candidate) => candidate.id === id)
  if (!session) throw new Failure('session_missing', `There is no session "${id}".`)
  return jsonResponse(sessionView(session, queues))
}

const endSession = async (deps: AdminDeps, id: string): Promise<Response> =>
  jsonResponse(await deps.endSession(id))

async function listDeliveries(deps: AdminDeps, url: URL): Promise<Response> {
  const deliveries = await deps.store.listDeliveries(filterOf(url.searchParams))
  return jsonResponse(deliveries.map(deliveryView))
}

async function say(deps: AdminDeps, request: Request): Promise<Response> {
  const fields = await readFields(request)
  const delivery = await deps.say({
    session: requiredText(fields, 'session'),
    message: requiredText(fields, 'message'),
    ...optionalText(fields, 'from'),
    ...(fields.idempotency_key !== undefined && { idempotencyKey: requiredText(fields, 'idempotency_key') }),
  })
  return jsonResponse(deliveryView(delivery), 202)
}

async function purge(deps: AdminDeps, id: string): Promise<Response> {
  await deps.purge(id)
  return new Response(null, { status: 204 })
}

const retry = async (deps: AdminDeps, id: string): Promise<Response> =>
  jsonResponse(deliveryView(await deps.retry(id)), 202)

async function replay(deps: AdminDeps, request: Request, id: string): Promise<Response> {
  const fields = request.headers.get('content-length') === '0' ? {} : await readFields(request)
  return jsonResponse(deliveryView(await deps.replay(id, optionalText(fields, 'message').message)), 202)
}

const acknowledge = async (deps: AdminDeps, id: string): Promise<Response> =>
  jsonResponse(deliveryView(await deps.acknowledge(id)))

type Fields = { readonly [name: string]: unknown }

const maxAdminBody = 1_048_576

async function readFields(request: Request): Promise<Fields> {
  const text = Buffer.from(await readBody(request, maxAdminBody)).toString('utf8')
  if (text === '') return {}
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? ''))
    throw new Failure('unsupported_media_type', 'Send application/json.')
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { ...body }
  } catch {
    throw new Failure('malformed', 'The body is not valid JSON.')
  }
  throw new Failure('unprocessable', 'The body must be a JSON object.')
}

function requiredText(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string' || value === '')
    throw new Failure('unprocessable', `"${name}" must be a string.`)
  return value
}

function optionalText<Name extends string>(fields: Fields, name: Name): { readonly [N in Name]?: string } {
  const value = fields[name]
  if (value === undefined || value === null) return {}
  if (typeof value !== 'string') throw new Failure('unprocessable', `"${name}" must be a string.`)
  return { [name]: value } as { readonly [N in Name]: string }
}

const states: readonly DeliveryState[] = ['PENDING', 'RETRY', 'DELIVERED', 'FAILED']

/** What `?state=…&session=…` asks for. Throws `unprocessable`. */
export function filterOf(query: URLSearchParams): DeliveryFilter {
  const [state, session, hook, grant, text, after] = [
    'state',
    'session',
    'hook',
    'grant',
    'text',
    'after',
  ].map((name) => query.get(name))
  const known = states.find((candidate) => candidate === state?.toUpperCase())
  if (state && !known) throw new Failure('unprocessable', `"state" is one of ${states.join(', ')}.`)
  return {
    limit: boundedInteger(query.get('limit'), 100, 1000),
    ...(known && { state: known }),
    ...(session && { session: parseSessionId(session) }),
    ...(hook && { hook }),
    ...(grant && { grant: grant as GrantId }),
    ...(text && { text }),
    ...(after && { after: boundedInteger(after, 0, Number.MAX_SAFE_INTEGER) }),
  }
}

function boundedInteger(text: string | null, fallback: number, most: number): number {
  if (text === null) return fallback
  if (!/^\d{1,16}$/.test(text)) throw new Failure('unprocessable', 'A whole number is wanted there.')
  return Math.min(Number(text), most)
}
