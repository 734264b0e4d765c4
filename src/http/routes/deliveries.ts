import { Type } from '@sinclair/typebox'
import type { Delivery, FailedStep } from '../../domain/delivery.ts'
import type { DeliveryFilter } from '../../domain/delivery-filter.ts'
import { Failure } from '../../domain/error.ts'
import { failedSteps, isFailedStep } from '../../domain/failed-step.ts'
import type { GrantId } from '../../domain/grant.ts'
import type { DoorStore } from '../../domain/ports.ts'
import { parseSessionId } from '../../domain/session.ts'
import type { SendOrder } from '../../inbound/send.ts'
import type { BulkResult as Bulk, DeliverySelection } from '../../manage/bulk.ts'
import { historyOf, historyView } from '../../manage/history.ts'
import { deliveryView } from '../../manage/views.ts'
import { createAdminApi } from '../api.ts'
import type { AdminCheck } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import * as answers from '../models/answers.ts'
import { BulkResult } from '../models/bulk.ts'
import { History } from '../models/history.ts'
import * as requests from '../models/requests.ts'
import { listOf } from '../models/shape.ts'
import { adminOperations } from '../openapi/operation.ts'

/** What the operator does with deliveries over HTTP, bound to this server by the composition root. */
interface DeliveryDeps {
  readonly admin: AdminCheck
  readonly store: Pick<DoorStore, 'listDeliveries' | 'history'>
  /** Unix milliseconds. */
  readonly now: () => number
  readonly send: (message: SendOrder) => Promise<Delivery>
  readonly retry: (id: string) => Promise<Delivery>
  readonly cancel: (id: string) => Promise<Delivery>
  readonly retryAll: (filter: DeliverySelection) => Promise<Bulk>
  readonly cancelAll: (filter: DeliverySelection) => Promise<Bulk>
  readonly replay: (id: string, message: string | undefined) => Promise<Delivery>
  readonly purge: (id: string) => Promise<void>
  readonly acknowledge: (id: string) => Promise<Delivery>
}

const described = adminOperations('Deliveries')

export function deliveryRoutes(deps: DeliveryDeps, guard: RequestGuard) {
  const { api, json, noBody } = createAdminApi(deps.admin, guard)
  return api
    .get('/deliveries', ({ request, query }) => list(deps, request, query), {
      query: requests.DeliveryQuery,
      response: { 200: listOf(answers.Delivery, { description: 'Newest first' }) },
      detail: described('listDeliveries', 'Deliveries'),
    })
    .get('/history', ({ query }) => look(deps, query), {
      query: requests.HistoryQuery,
      response: { 200: History },
      detail: described('getHistory', 'Knocks, failures and latencies over time'),
    })
    .post('/deliveries', async ({ body }) => answer(await deps.send(messageOf(body)), 202), {
      parse: json,
      query: requests.NoQuery,
      body: requests.SendOrder,
      response: { 202: answers.Delivery },
      detail: described('sendMessage', 'Send a message to a session', 404, 409, 410, 503),
    })
    .delete('/deliveries/:id', ({ params }) => purge(deps, params.id), {
      ...requests.byId,
      response: { 204: Type.Void({ description: 'Gone' }) },
      detail: described('purgeDelivery', 'Erase one delivery for good', 409),
    })
    .post('/deliveries/retry', async ({ query }) => jsonResponse(await deps.retryAll(namedBy(query))), {
      ...noBody,
      query: requests.DeliverySelection,
      response: { 200: BulkResult },
      detail: described('retryDeliveries', 'Try all failed deliveries again that a filter finds', 409),
    })
    .post('/deliveries/cancel', async ({ query }) => jsonResponse(await deps.cancelAll(namedBy(query))), {
      ...noBody,
      query: requests.DeliverySelection,
      response: { 200: BulkResult },
      detail: described('cancelDeliveries', 'Cancel all waiting deliveries that a filter finds', 409),
    })
    .post('/deliveries/:id/cancel', async ({ params }) => answer(await deps.cancel(params.id), 200), {
      ...noBody,
      ...requests.byId,
      response: { 200: answers.Delivery },
      detail: described('cancelDelivery', 'Give up a delivery that waits', 409),
    })
    .post('/deliveries/:id/retry', async ({ params }) => answer(await deps.retry(params.id), 202), {
      ...noBody,
      ...requests.byId,
      response: { 202: answers.Delivery },
      detail: described('retryDelivery', 'Try a failed delivery again', 409, 410),
    })
    .post(
      '/deliveries/:id/replay',
      async ({ params, body }) => answer(await deps.replay(params.id, body.message ?? undefined), 202),
      {
        parse: json,
        ...requests.byId,
        body: requests.ReplayOrder,
        response: { 202: answers.Delivery },
        detail: described('replayDelivery', 'Send it again, or another message', 409, 410, 503),
      },
    )
    .post('/deliveries/:id/ack', async ({ params }) => answer(await deps.acknowledge(params.id), 200), {
      ...noBody,
      ...requests.byId,
      response: { 200: answers.Delivery },
      detail: described('acknowledgeDelivery', 'Take a message from an inbox', 409),
    })
}

const answer = (delivery: Delivery, status: number): Response =>
  jsonResponse<answers.Delivery>(deliveryView(delivery), status)

async function list(deps: DeliveryDeps, { url }: Request, query: requests.DeliveryQuery): Promise<Response> {
  const filter = filterOf(query)
  const deliveries = await deps.store.listDeliveries(filter)
  const response = jsonResponse<readonly answers.Delivery[]>(deliveries.map(deliveryView))
  const last = deliveries.at(-1)
  if (last && deliveries.length === filter.limit) response.headers.set('link', linkAfter(url, last.seq))
  return response
}

const look = async (
  { store, now }: DeliveryDeps,
  { span = '24h' }: requests.HistoryQuery,
): Promise<Response> => jsonResponse<History>(historyView(await historyOf(store, span, now())))

/** RFC 8288: where the list goes on. */
export function linkAfter(url: string, place: number): string {
  const { pathname, searchParams } = new URL(url)
  searchParams.set('after', String(place))
  return `<${pathname}?${searchParams}>; rel="next"`
}

const messageOf = ({ session, message, from, idempotency_key }: requests.SendOrder): SendOrder => ({
  ...{ session, message },
  ...(typeof from === 'string' && { from }),
  ...(typeof idempotency_key === 'string' && { idempotencyKey: idempotency_key }),
})

async function purge(deps: DeliveryDeps, id: string): Promise<Response> {
  await deps.purge(id)
  return new Response(null, { status: 204 })
}

const [usualLimit, mostListed] = [100, 1000]

/** How many a list shows that was asked for so many. */
export const limitOf = (limit: string | undefined): number =>
  limit === undefined ? usualLimit : Math.min(Number(limit), mostListed)

/** Throws `unprocessable` for a state that there is not, `usage` for what is no session's id. */
export function filterOf(query: requests.DeliveryQuery): DeliveryFilter {
  const { after, limit } = query
  return { limit: limitOf(limit), ...selectionOf(query), ...(after && { after: Number(after) }) }
}

/** Nobody means everything by nothing. Throws as `filterOf` does, and `unprocessable` without a filter. */
function namedBy(query: requests.DeliverySelection): DeliverySelection {
  const selection = selectionOf(query)
  if (Object.keys(selection).length > 0) return selection
  throw new Failure('unprocessable', 'Name what to filter by, such as ?session=build or ?state=FAILED.')
}

/** Throws as `filterOf` does. */
function selectionOf(query: requests.DeliverySelection): DeliverySelection {
  const { session, hook, grant, failedStep, text, since, until } = query
  const state = requests.states.find((candidate) => candidate === query.state?.toUpperCase())
  if (query.state && !state)
    throw new Failure('unprocessable', `"state" must be one of ${requests.states.join(', ')}.`)
  return {
    ...(state && { state }),
    ...(session && { session: parseSessionId(session) }),
    ...(hook && { hook }),
    ...(grant && { grant: grant as GrantId }),
    ...(failedStep && { failedStep: failedStepOf(failedStep) }),
    ...(text && { text }),
    ...(since && { receivedSince: timeOf('since', since) }),
    ...(until && { receivedUntil: timeOf('until', until) }),
  }
}

function failedStepOf(text: string): FailedStep {
  if (isFailedStep(text)) return text
  throw new Failure('unprocessable', `"failedStep" must be one of ${failedSteps.join(', ')}.`)
}

function timeOf(name: string, text: string): number {
  const at = /^\d{4}-\d\d-\d\d(T|$)/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at))
    throw new Failure('unprocessable', `"${name}" must be a time such as 2026-11-22T10:00:00Z.`)
  return at
}
