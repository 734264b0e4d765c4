import {
  type Delivery,
  type DeliveryId,
  type DeliveryRecord,
  isDeliveryId,
  type Source,
} from '../../domain/delivery.ts'
import { Failure } from '../../domain/error.ts'
import { asSent } from '../../domain/wait-message.ts'
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
  readonly wait: (
    delivery: Delivery,
    waitMs: number,
    signal: AbortSignal,
    until?: (delivery: Delivery) => boolean,
  ) => Promise<Delivery>
  /** Whether that came by the URL of a wait: its sender may hear from the agent long after it was taken. */
  readonly answersWait: (delivery: Delivery) => Promise<boolean>
}

/** `GET /api/deliveries/{id}`: for the admin, and for the very credential that knocked. */
export const deliveryRoute = (deps: ShowDeliveryDeps, guard: RequestGuard) =>
  createApi(guard)
    // Before the query is looked at.
    .derive(async ({ request }) => {
      guard.hosts.check(request)
      return { reader: await readerOf(deps, request) }
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
  readonly reader: Reader
}

async function show(
  deps: ShowDeliveryDeps,
  guard: RequestGuard,
  { request, params, query, reader }: Asked,
): Promise<Response> {
  const record = await readable(deps, params.id, reader)
  const waitMs = Math.min(Number(query.wait ?? 0), longestWaitSeconds) * 1000
  if (waitMs === 0) return answer(record)
  guard.keepOpen(request)
  await deps.wait(record, waitMs, request.signal, (await deps.answersWait(record)) ? isReplied : undefined)
  return answer(await readable(deps, params.id, reader))
}

const isReplied = ({ repliedAt, state }: Delivery): boolean => repliedAt !== undefined || state === 'FAILED'

const answer = (record: DeliveryRecord): Response => jsonResponse<answers.DeliveryRecord>(recordView(record))

/** Gives the record as the one who asks may see it; undefined where that is not at all. */
type Reader = (record: DeliveryRecord) => DeliveryRecord | undefined

async function readerOf(deps: ShowDeliveryDeps, request: Request): Promise<Reader> {
  if (deps.admin.holds(request)) return (record) => record
  const sources = await deps.sourcesOf(bearerOf(request) ?? '')
  if (sources.length === 0) deps.admin.require(request)
  return (record) =>
    sources.some((source) => isSame(source, record.source))
      ? { ...record, message: asSent(record.message) }
      : undefined
}

async function readable(deps: ShowDeliveryDeps, id: string, reader: Reader): Promise<DeliveryRecord> {
  const record = isDeliveryId(id) ? await deps.inspect(id) : undefined
  const seen = record && reader(record)
  if (!seen) throw new Failure('not_found', 'There is no such delivery, or it is not yours.')
  return seen
}

const isSame = (a: Source, b: Source): boolean =>
  (a.kind === 'grant' && b.kind === 'grant' && a.grant === b.grant) ||
  (a.kind === 'hook' && b.kind === 'hook' && a.hook === b.hook && (a.grant ?? b.grant) === b.grant)
