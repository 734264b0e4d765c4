import { Elysia } from 'elysia'
import { causeOf, type Delivery } from '../../domain/delivery.ts'
import type { Proof } from '../../domain/knock.ts'
import { channelOf } from '../../domain/session.ts'
import type { RequestGuard } from '../guard.ts'
import { channelOperation } from '../openapi/knock-operation.ts'
import { bearerOf, knockHeaders, rawPath } from '../request.ts'
import { answerKnock, type KnockDeps, knockOf, patienceOf, receiptAnswer } from './knock.ts'

interface ChannelDeps extends KnockDeps {
  /** How long a knock waits for its outcome unless it prefers another time. Milliseconds. */
  readonly waitMs: () => number
}

/** `POST /hook/<token>` and `POST /hook` with a Bearer token. */
export const channelRoutes = (deps: ChannelDeps, guard: RequestGuard) => {
  const answer = ({ request }: { request: Request }) =>
    answerKnock(deps, guard, request, () => knock(deps, guard, request))
  const hidden = { parse: 'none', detail: { hide: true } } as const
  return (
    new Elysia()
      .post('/hook', answer, {
        parse: 'none',
        detail: channelOperation({
          id: 'knockByToken',
          summary: 'Say something to the session a token names',
          description: 'For who would rather not have the token in an address.',
          by: ['knockToken'],
        }),
      })
      // A missing token is refused like a wrong one.
      .post('/hook/', answer, hidden)
      // So are several segments.
      .post('/hook/*', answer, hidden)
      .post('/hook/:token', answer, {
        parse: 'none',
        detail: channelOperation({
          id: 'knock',
          summary: 'Say something to the session the URL names',
          description: 'The URL is the whole key: no header is needed.',
        }),
      })
  )
}

async function knock(deps: ChannelDeps, guard: RequestGuard, request: Request): Promise<Response> {
  const asked = knockOf(deps, guard, request, tokenProof(request), knockHeaders)
  const receipt = await deps.receive(asked, patienceOf(guard, request, deps.waitMs()))
  return receiptAnswer(receipt, bodyOf)
}

function tokenProof(request: Request): Proof {
  const path = rawPath(request)
  return {
    kind: 'token',
    // One slash after the token is nothing.
    path: path.startsWith('/hook/') ? path.slice('/hook/'.length).replace(/(?<=[^/])\/$/, '') : undefined,
    bearer: bearerOf(request),
  }
}

/** 200 when the agent took it, 202 while it waits. */
function bodyOf(delivery: Delivery): object {
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
