import { Elysia } from 'elysia'
import type { Knock, Receipt } from '../../domain/knock.ts'
import type { RequestGuard } from '../guard.ts'
import { Turn } from '../models/knocks.ts'
import { hookOperation } from '../openapi/knock-operation.ts'
import { bodyOf } from '../openapi/operation.ts'
import { rawPath } from '../request.ts'
import { answerKnock, hookAnswer, type KnockDeps, knockOf, patienceOf, receiptAnswer } from './knock.ts'

/** Everything below `/api/hooks/`: `wake`, `agent`, and the custom hooks of the configuration. */
export const webhookRoutes = (deps: KnockDeps, guard: RequestGuard) => {
  const answer = ({ request }: { request: Request }) =>
    answerKnock(deps, guard, request, () => knock(deps, guard, request))
  return new Elysia()
    .post('/api/hooks/wake', answer, {
      parse: 'none',
      detail: hookOperation({
        id: 'wake',
        summary: 'wake',
        description: 'Notifies the default session; it is not expected to act within this request.',
        by: ['hookSecret'],
      }),
    })
    .post('/api/hooks/agent', answer, {
      parse: 'none',
      detail: hookOperation({
        id: 'agent',
        summary: 'agent',
        description: 'Starts a full agent turn.',
        by: ['hookSecret'],
        body: bodyOf(Turn, { text: true }),
      }),
    })
    .all('/api/hooks/*', answer, { parse: 'none', detail: { hide: true } })
}

async function knock(deps: KnockDeps, guard: RequestGuard, request: Request): Promise<Response> {
  const { method, url } = request
  const proof = { kind: 'hook', path: rawPath(request), method, url } as const
  const asked = knockOf(deps, guard, request, proof)
  const receipt = await receiveWatched(deps, request, asked, patienceOf(guard, request, 0))
  if (receipt.kind === 'ignored') guard.ignored(request, receipt.hook, receipt.why)
  return receiptAnswer(receipt, hookAnswer)
}

/** What is shorter holds nobody up. */
const longBody = 65_536

/** Notes the work on a long body: until it is stored and its sender waits, or has its answer. */
async function receiveWatched(
  deps: KnockDeps,
  request: Request,
  knock: Knock,
  patience: ReturnType<typeof patienceOf>,
): Promise<Receipt> {
  const length = request.headers.get('content-length')
  if (length !== null && Number(length) < longBody) return deps.receive(knock, patience)
  const end = deps.begin('webhook')
  const signal = () => {
    end()
    return patience.signal()
  }
  return deps.receive(knock, { ...patience, signal }).finally(end)
}
