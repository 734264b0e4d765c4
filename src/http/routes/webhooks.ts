import { Elysia } from 'elysia'
import type { Proof } from '../../domain/knock.ts'
import type { RequestGuard } from '../guard.ts'
import { Turn } from '../models/knocks.ts'
import { hookOperation } from '../openapi/knock-operation.ts'
import { bodyOf } from '../openapi/operation.ts'
import { rawPath } from '../request.ts'
import { answerKnock, hookAnswer, type KnockDeps, type KnockRoute } from './knock.ts'

/** Everything below `/api/hooks/`: `wake`, `agent`, and the custom hooks of the configuration. */
export const webhookRoutes = (deps: KnockDeps, guard: RequestGuard) => {
  const route: KnockRoute = { proofOf: hookProof, waitMs: () => 0, bodyOf: hookAnswer }
  const answer = ({ request }: { request: Request }) => answerKnock(deps, guard, request, route)
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

function hookProof(request: Request): Proof {
  const { method, url } = request
  return { kind: 'hook', path: rawPath(request), method, url }
}
