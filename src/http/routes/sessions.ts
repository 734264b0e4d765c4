import type { Hook } from '../../domain/hook.ts'
import type { DoorStore } from '../../domain/ports.ts'
import { noSuchSession } from '../../domain/session.ts'
import type { Activities } from '../../manage/activity.ts'
import { type Screens, screenView } from '../../manage/screens.ts'
import { hookView, sessionView } from '../../manage/views.ts'
import { createAdminApi } from '../api.ts'
import type { AdminCheck } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import * as answers from '../models/answers.ts'
import * as requests from '../models/requests.ts'
import { Screen } from '../models/screens.ts'
import { listOf } from '../models/shape.ts'
import { adminOperations } from '../openapi/operation.ts'

/** What the operator sees of sessions and hooks over HTTP, bound to this server by the composition root. */
interface SessionDeps {
  readonly admin: AdminCheck
  readonly store: Pick<DoorStore, 'listSessions' | 'counts' | 'listPauses'>
  /** What every agent does now. */
  readonly activities: () => Promise<Activities>
  /** As configured now. */
  readonly hooks: () => readonly Hook[]
  readonly cancelTurn: (id: string) => Promise<answers.TurnCancelled>
  readonly endSession: (id: string) => Promise<answers.Ended>
  readonly screens: Pick<Screens, 'look'>
  readonly pause: (target: string) => Promise<answers.Pause>
  readonly resume: (target: string) => Promise<answers.Pause>
}

const described = adminOperations('Sessions')
const hooksDescribed = adminOperations('Hooks')

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
    .get('/sessions/:id/screen', ({ params }) => screenOf(deps, params.id), {
      ...requests.byId,
      response: { 200: Screen },
      detail: described('showScreen', 'What the terminal of a session shows now', 410, 501, 502),
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
    .post(
      '/sessions/:id/pause',
      async ({ params }) => jsonResponse(await deps.pause(`session:${params.id}`)),
      {
        ...noBody,
        ...requests.byId,
        response: { 200: answers.Pause },
        detail: described('pauseSession', 'Hold what comes for a session until it is resumed'),
      },
    )
    .post(
      '/sessions/:id/resume',
      async ({ params }) => jsonResponse(await deps.resume(`session:${params.id}`)),
      {
        ...noBody,
        ...requests.byId,
        response: { 200: answers.Pause },
        detail: described('resumeSession', 'Bring a session what was held for it, in its order'),
      },
    )
    .get('/hooks', async () => jsonResponse(await hooksOf(deps)), {
      query,
      response: { 200: listOf(answers.Hook, { description: 'As configured' }) },
      detail: hooksDescribed('listHooks', 'Every configured hook'),
    })
}

async function sessionsOf({ store, activities }: SessionDeps): Promise<readonly answers.Session[]> {
  const [seen, { queues }, pauses] = await Promise.all([activities(), store.counts(), store.listPauses()])
  return (await store.listSessions()).map((session) =>
    sessionView(session, { queues, pauses }, seen.get(session.id)),
  )
}

async function screenOf({ store, screens }: SessionDeps, id: string): Promise<Response> {
  const session = (await store.listSessions()).find((candidate) => candidate.id === id)
  if (!session) throw noSuchSession(id)
  return jsonResponse<Screen>(screenView(session.id, await screens.look(session)))
}

async function hooksOf({ store, hooks }: SessionDeps): Promise<readonly answers.Hook[]> {
  const pauses = await store.listPauses()
  return hooks().map((hook) => hookView(hook, pauses))
}

async function show(deps: SessionDeps, id: string): Promise<Response> {
  const session = (await sessionsOf(deps)).find((candidate) => candidate.id === id)
  if (!session) throw noSuchSession(id)
  return jsonResponse(session)
}
