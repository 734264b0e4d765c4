import { Elysia } from 'elysia'
import {
  type Delivery,
  type Source as DeliveryDoor,
  type DeliveryId,
  type DeliveryRecord,
  isDeliveryId,
} from '../../domain/delivery.ts'
import { Failure } from '../../domain/error.ts'
import { recordView } from '../../manage/views.ts'
import type { AdminCheck } from '../credentials.ts'
import { answering, jsonResponse, type RequestGuard } from '../guard.ts'
import { adminDetails } from '../openapi/details.ts'
import { bearerOf, queriedWaitMs } from '../request.ts'

export interface DeliveryRoute {
  readonly admin: AdminCheck
  /** The doors a credential has knocked at; none for a bad one. */
  readonly doorsOf: (bearer: string) => Promise<readonly DeliveryDoor[]>
  readonly inspect: (id: DeliveryId) => Promise<DeliveryRecord | undefined>
  readonly wait: (delivery: Delivery, waitMs: number, signal: AbortSignal) => Promise<Delivery>
}

/** `GET /api/deliveries/{id}`: for the keeper, and for the very credential that knocked. */
export const deliveryRoute = (deps: DeliveryRoute, guard: RequestGuard) =>
  new Elysia().get(
    '/api/deliveries/:id',
    ({ request, params }) => answering(guard, request, () => show(deps, request, params.id)),
    { detail: adminDetails.showDelivery },
  )

async function show(deps: DeliveryRoute, request: Request, id: string): Promise<Response> {
  const mayRead = await readerOf(deps, request)
  const record = await readable(deps, id, mayRead)
  const waitMs = queriedWaitMs(new URL(request.url))
  if (waitMs === 0) return jsonResponse(recordView(record))
  await deps.wait(record, waitMs, request.signal)
  return jsonResponse(recordView(await readable(deps, id, mayRead)))
}

type MayRead = (delivery: Delivery) => boolean

async function readerOf(deps: DeliveryRoute, request: Request): Promise<MayRead> {
  if (deps.admin.holds(request)) return () => true
  const doors = await deps.doorsOf(bearerOf(request) ?? '')
  if (doors.length === 0) deps.admin.require(request)
  return (delivery) => doors.some((guard) => sameDoor(guard, delivery.source))
}

async function readable(deps: DeliveryRoute, id: string, mayRead: MayRead): Promise<DeliveryRecord> {
  const record = isDeliveryId(id) ? await deps.inspect(id) : undefined
  if (!record || !mayRead(record))
    throw new Failure('not_found', 'There is no such delivery, or it is not yours.')
  return record
}

const sameDoor = (a: DeliveryDoor, b: DeliveryDoor): boolean =>
  (a.kind === 'grant' && b.kind === 'grant' && a.grant === b.grant) ||
  (a.kind === 'hook' && b.kind === 'hook' && a.hook === b.hook)
