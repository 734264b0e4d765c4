import type { DoorStore } from '../../domain/ports.ts'
import { parseSessionId } from '../../domain/session.ts'
import type { Wait } from '../../domain/wait.ts'
import { waitView } from '../../manage/wait-views.ts'
import { createAdminApi } from '../api.ts'
import type { AdminCheck } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import * as requests from '../models/requests.ts'
import { listOf } from '../models/shape.ts'
import * as answers from '../models/waits.ts'
import { adminOperations } from '../openapi/operation.ts'
import { limitOf } from './deliveries.ts'

/** What the operator does with waits over HTTP, bound to this server by the composition root. */
interface WaitDeps {
  readonly admin: AdminCheck
  readonly store: Pick<DoorStore, 'listWaits'>
  readonly cancelWait: (id: string) => Promise<Wait>
}

const described = adminOperations('Sessions')

export function waitRoutes(deps: WaitDeps, guard: RequestGuard) {
  const { api } = createAdminApi(deps.admin, guard)
  return api
    .get('/waits', ({ query }) => list(deps, query), {
      query: requests.WaitsQuery,
      response: { 200: listOf(answers.Wait, { description: 'What changed last comes first' }) },
      detail: described('listWaits', 'What agents wait for'),
    })
    .delete('/waits/:id', async ({ params }) => jsonResponse(waitView(await deps.cancelWait(params.id))), {
      ...requests.byId,
      response: { 200: answers.Wait },
      detail: described('cancelAnyWait', 'Cancel a wait: its agent is not woken'),
    })
}

async function list({ store }: WaitDeps, { session, open, limit }: requests.WaitsQuery): Promise<Response> {
  const waits = await store.listWaits({
    ...(session && { session: parseSessionId(session) }),
    open: open === 'yes',
    limit: limitOf(limit),
  })
  return jsonResponse<readonly answers.Wait[]>(waits.toReversed().map(waitView))
}
