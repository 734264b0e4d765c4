import { Elysia } from 'elysia'
import { causeOf, type Delivery } from '../../domain/delivery.ts'
import { type Proof, wrongMethod } from '../../domain/knock.ts'
import { channelOf } from '../../domain/session.ts'
import { type RequestGuard, refusal } from '../guard.ts'
import { channelOperation } from '../openapi/knock-operation.ts'
import { asksForHtml, asPage } from '../refusal-page.ts'
import { bearerOf, rawPath } from '../request.ts'
import { answerKnock, hookAnswer, isDone, type KnockDeps, type KnockRoute } from './knock.ts'

interface ChannelDeps extends KnockDeps {
  /** Whether a token is one of ours that opens a hook. */
  readonly opensHook: (token: string) => Promise<boolean>
  readonly waitMs: KnockRoute['waitMs']
}

/** `POST /hook/<token>` and `POST /hook` with a Bearer token. */
export const channelRoutes = (deps: ChannelDeps, guard: RequestGuard) => {
  const route: KnockRoute = { proofOf: tokenProof, waitMs: deps.waitMs, bodyOf: answerOf }
  const answer = ({ request }: { request: Request }) => answerKnock(deps, guard, request, route)
  const otherMethod = async ({ request }: { request: Request }) =>
    !asksForHtml(request) && (await deps.opensHook(pathToken(request) ?? ''))
      ? answer({ request })
      : asPage(request, refusal(guard, request, wrongMethod()))
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
      // Senders of webhooks look whether an address is there, and shake hands, by other methods.
      .all('/hook/:token', otherMethod, hidden)
  )
}

function tokenProof(request: Request): Proof {
  const { method, url } = request
  return { kind: 'token', path: pathToken(request), bearer: bearerOf(request), method, url }
}

function pathToken(request: Request): string | undefined {
  const path = rawPath(request)
  if (!path.startsWith('/hook/')) return undefined
  const token = path.slice('/hook/'.length)
  // One slash after the token is nothing.
  return token.at(-1) === '/' && (token.at(-2) ?? '/') !== '/' ? token.slice(0, -1) : token
}

/** 200 when the agent took it, with its answer where that was asked for; 202 while it waits. */
function answerOf(delivery: Delivery): object {
  if (delivery.source.kind === 'hook') return hookAnswer(delivery)
  const delivered = isDone(delivery)
  return {
    status: delivered ? 'delivered' : 'buffered',
    deliveryId: delivery.id,
    session: delivery.session,
    channel: channelOf(delivery.session),
    // Absent in JSON when there is none.
    response: delivered && delivery.action === 'turn' ? (delivery.answer ?? '') : undefined,
    reason: delivered ? undefined : (causeOf(delivery) ?? 'queued'),
  }
}
