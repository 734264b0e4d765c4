import type { Hook } from '../../domain/hook.ts'
import type { DoorStore } from '../../domain/ports.ts'
import { noSuchSession } from '../../domain/session.ts'
import type { Activities } from '../../manage/activity.ts'
import { hookView, sessionView } from '../../manage/views.ts'
import { createAdminApi } from '../api.ts'
import type { AdminCheck } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import * as answers from '../models/answers.ts'
import * as requests from '../models/requests.ts'
import { listOf } from '../models/shape.ts'
import { adminOperations } from '../openapi/operation.ts'

/** What the operator sees of sessions and hooks over HTTP, bound to this server by the composition root. */
interface SessionDeps {
  readonly admin: AdminCheck
  readonly store: Pick<DoorStore, 'listSessions' | 'counts'>
  /** What every agent does now. */
  readonly activities: () => Promise<Activities>
  /** As configured now. */
  readonly hooks: () => readonly Hook[]
  readonly cancelTurn: (id: string) => Promise<answers.TurnCancelled>
  readonly endSession: (id: string) => Promise<answers.Ended>
}

const described = adminOperations('Sessions')

export function sessionRoutes(deps: SessionDeps, guard: RequestGuard) {
  const query = requests.NoQuery
  const { api, noBody } = createAdminApi(deps.admin, guard)
  return api
    .get('/sessions', async () => jsonResponse(await sessionsOf(deps)), {
      query,
      response: { 200: listOf(answers.Session, { description: 'By name' }) },
      detail: described('listSessions', 'Every session'),
    })
    .get('/sessions/:id', ({ params }) => show(deps, params.id), {
      ...requests.byId,
      response: { 200: answers.Session },
      detail: described('showSession', 'One session'),
    })
    .post('/sessions/:id/cancel', async ({ params }) => jsonResponse(await deps.cancelTurn(params.id)), {
      ...noBody,
      ...requests.byId,
      response: { 200: answers.TurnCancelled },
      detail: described('cancelTurn', 'Cancel the turn that runs, and what it asks', 410),
    })
    .delete('/sessions/:id', async ({ params }) => jsonResponse(await deps.endSession(params.id)), {
      ...requests.byId,
      response: { 200: answers.Ended },
      detail: described('endSession', 'End a session', 410),
    })
    .get('/hooks', () => jsonResponse<readonly answers.Hook[]>(deps.hooks().map(hookView)), {
      query,
      response: { 200: listOf(answers.Hook, { description: 'As configured' }) },
      detail: adminOperations('Hooks')('listHooks', 'Every configured hook'),
    })
}

async function sessionsOf({ store, activities }: SessionDeps): Promise<readonly answers.Session[]> {
  const [seen, { queues }] = await Promise.all([activities(), store.counts()])
  return (await store.listSessions()).map((session) => sessionView(session, queues, seen.get(session.id)))
}

async function show(deps: SessionDeps, id: string): Promise<Response> {
  const session = (await sessionsOf(deps)).find((candidate) => candidate.id === id)
  if (!session) throw noSuchSession(id)
  return jsonResponse(session)
}
