import {
  type Delivery,
  type DeliveryId,
  type DeliveryRecord,
  isDeliveryId,
  type Source,
} from '../../domain/delivery.ts'
import { Failure } from '../../domain/error.ts'
import { recordView } from '../../manage/views.ts'
import { createApi } from '../api.ts'
import type { AdminCheck } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import * as answers from '../models/answers.ts'
import * as requests from '../models/requests.ts'
import { operation } from '../openapi/operation.ts'
import { bearerOf, longestWaitSeconds } from '../request.ts'

interface ShowDeliveryDeps {
  readonly admin: AdminCheck
  /** Where a credential has knocked; nowhere for a bad one. */
  readonly sourcesOf: (bearer: string) => Promise<readonly Source[]>
  readonly inspect: (id: DeliveryId) => Promise<DeliveryRecord | undefined>
  readonly wait: (delivery: Delivery, waitMs: number, signal: AbortSignal) => Promise<Delivery>
}

/** `GET /api/deliveries/{id}`: for the admin, and for the very credential that knocked. */
export const deliveryRoute = (deps: ShowDeliveryDeps, guard: RequestGuard) =>
  createApi(guard)
    // Before the query is looked at.
    .derive(async ({ request }) => {
      guard.hosts.check(request)
      return { mayRead: await readerOf(deps, request) }
    })
    .get('/deliveries/:id', (asked) => show(deps, guard, asked), {
      params: requests.byId.params,
      query: requests.WaitQuery,
      response: { 200: answers.DeliveryRecord },
      detail: operation({
        tag: 'Deliveries',
        id: 'showDelivery',
        summary: 'One delivery: state, attempts, timeline, answer',
        description: 'With the admin token, or with the credential that knocked.',
        by: ['adminToken', 'knockToken', 'hookSecret'],
        refuses: [401, 403, 421, 422, 429],
      }),
    })

interface Asked {
  readonly request: Request
  readonly params: { readonly id: string }
  readonly query: { readonly wait?: string }
  readonly mayRead: MayRead
}

async function show(
  deps: ShowDeliveryDeps,
  guard: RequestGuard,
  { request, params, query, mayRead }: Asked,
): Promise<Response> {
  const record = await readable(deps, params.id, mayRead)
  const waitMs = Math.min(Number(query.wait ?? 0), longestWaitSeconds) * 1000
  if (waitMs === 0) return answer(record)
  guard.keepOpen(request)
  await deps.wait(record, waitMs, request.signal)
  return answer(await readable(deps, params.id, mayRead))
}

const answer = (record: DeliveryRecord): Response => jsonResponse<answers.DeliveryRecord>(recordView(record))

type MayRead = (delivery: Delivery) => boolean

async function readerOf(deps: ShowDeliveryDeps, request: Request): Promise<MayRead> {
  if (deps.admin.holds(request)) return () => true
  const sources = await deps.sourcesOf(bearerOf(request) ?? '')
  if (sources.length === 0) deps.admin.require(request)
  return (delivery) => sources.some((source) => isSame(source, delivery.source))
}

async function readable(deps: ShowDeliveryDeps, id: string, mayRead: MayRead): Promise<DeliveryRecord> {
  const record = isDeliveryId(id) ? await deps.inspect(id) : undefined
  if (!record || !mayRead(record))
    throw new Failure('not_found', 'There is no such delivery, or it is not yours.')
  return record
}

const isSame = (a: Source, b: Source): boolean =>
  (a.kind === 'grant' && b.kind === 'grant' && a.grant === b.grant) ||
  (a.kind === 'hook' && b.kind === 'hook' && a.hook === b.hook && (a.grant ?? b.grant) === b.grant)
