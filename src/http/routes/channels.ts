import { Elysia } from 'elysia'
import { causeOf, type Delivery } from '../../domain/delivery.ts'
import type { Proof } from '../../domain/knock.ts'
import { channelOf } from '../../domain/session.ts'
import type { RequestGuard } from '../guard.ts'
import { doorDetails } from '../openapi/details.ts'
import { bearerOf, knockHeaders, preferredWaitMs, rawPath } from '../request.ts'
import { answerKnock, type KnockDeps, knockOf, receiptAnswer } from './inbound.ts'

export interface ChannelDeps extends KnockDeps {
  /** How long a knock waits for its outcome unless it says otherwise. Milliseconds. */
  readonly waitMs: () => number
}

/** `POST /hook/<token>` and `POST /hook` with a Bearer token. */
export const channelRoutes = (deps: ChannelDeps, guard: RequestGuard) =>
  new Elysia()
    .post('/hook', ({ request }) => answerKnock(deps, guard, request, () => knock(deps, guard, request)), {
      parse: 'none',
      detail: doorDetails.hook,
    })
    // No token at all is as wrong as any.
    .post('/hook/', ({ request }) => answerKnock(deps, guard, request, () => knock(deps, guard, request)), {
      parse: 'none',
      detail: { hide: true },
    })
    // More than one segment is no token either.
    .post('/hook/*', ({ request }) => answerKnock(deps, guard, request, () => knock(deps, guard, request)), {
      parse: 'none',
      detail: { hide: true },
    })
    .post(
      '/hook/:token',
      ({ request }) => answerKnock(deps, guard, request, () => knock(deps, guard, request)),
      {
        parse: 'none',
        detail: doorDetails.hookToken,
      },
    )

async function knock(deps: ChannelDeps, guard: RequestGuard, request: Request): Promise<Response> {
  const receipt = await deps.receive(knockOf(deps, guard, request, tokenProof(request), knockHeaders), {
    waitMs: preferredWaitMs(request, deps.waitMs()),
    signal: () => request.signal,
  })
  return receiptAnswer(receipt, said)
}

function tokenProof(request: Request): Proof {
  const path = rawPath(request)
  return {
    kind: 'token',
    path: path.startsWith('/hook/') ? path.slice('/hook/'.length) : undefined,
    bearer: bearerOf(request),
  }
}

/** 200 when the agent took it, 202 while it waits. */
function said(delivery: Delivery): object {
  const delivered = delivery.state === 'DELIVERED'
  return {
    status: delivered ? 'delivered' : 'buffered',
    deliveryId: delivery.id,
    session: delivery.session,
    channel: channelOf(delivery.session),
    // Absent in JSON when there is none.
    reason: delivered ? undefined : (causeOf(delivery) ?? 'queued'),
  }
}
