import type { Delivery } from '../../domain/delivery.ts'
import { Failure } from '../../domain/error.ts'
import type { Hook } from '../../domain/hook.ts'
import type { DoorStore } from '../../domain/ports.ts'
import { sessionIn } from '../../domain/session.ts'
import type { Activities } from '../../manage/activity.ts'
import { type Screens, screenView } from '../../manage/screens.ts'
import { createSessionViewer } from '../../manage/session-views.ts'
import type { Opened, registerSession, Unfit } from '../../manage/sessions.ts'
import { trialView, unfitText } from '../../manage/trial.ts'
import { deliveryView, hookView, sessionView } from '../../manage/views.ts'
import { createAdminApi } from '../api.ts'
import { type AdminCheck, isLocal } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import * as answers from '../models/answers.ts'
import { Pause } from '../models/grant.ts'
import * as requests from '../models/requests.ts'
import { Screen } from '../models/screens.ts'
import { listOf } from '../models/shape.ts'
import { adminOperations } from '../openapi/operation.ts'
import { longestWaitSeconds } from '../request.ts'

/** What the operator sees of sessions and hooks over HTTP, bound to this server by the composition root. */
interface SessionDeps {
  readonly admin: AdminCheck
  readonly store: Pick<DoorStore, 'listSessions' | 'counts' | 'listPauses'>
  /** What every agent does now. */
  readonly activities: () => Promise<Activities>
  /** As configured now. */
  readonly hooks: () => readonly Hook[]
  readonly register: (order: Order) => Promise<Opened | Unfit>
  /** From where sessions other than inboxes may be registered, and what tells whether a request is from here. */
  readonly registering: () => {
    readonly from: 'here' | 'anywhere'
    readonly publicUrl: string | undefined
  }
  readonly nextInInbox: (id: string, waitMs: number, signal: AbortSignal) => Promise<Delivery | undefined>
  readonly cancelTurn: (id: string) => Promise<answers.TurnCancelled>
  readonly endSession: (id: string) => Promise<answers.Ended>
  readonly screens: Pick<Screens, 'look'>
  readonly pause: (target: string) => Promise<Pause>
  readonly resume: (target: string) => Promise<Pause>
}

type Order = Omit<Parameters<typeof registerSession>[1], 'cwd'>

const described = adminOperations('Sessions')
const hooksDescribed = adminOperations('Hooks')

export function sessionRoutes(deps: SessionDeps, guard: RequestGuard) {
  const query = requests.NoQuery
  const { api, json, noBody } = createAdminApi(deps.admin, guard)
  return api
    .get('/sessions', async () => jsonResponse(await sessionsOf(deps)), {
      query,
      response: { 200: listOf(answers.Session, { description: 'By name' }) },
      detail: described('listSessions', 'Every session'),
    })
    .post('/sessions', ({ body, request }) => register(deps, guard, body, request), {
      parse: json,
      query,
      body: requests.SessionOrder,
      response: { 201: answers.Opened },
      detail: described('registerSession', 'Register what already runs, or how to run it', 409),
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
    .get('/sessions/:id/inbox', ({ params, query, request }) => next(deps, params.id, query.wait, request), {
      params: requests.byId.params,
      query: requests.InboxQuery,
      response: { 200: answers.Delivery },
      detail: described(
        'nextInInbox',
        'The oldest message of an inbox, which stays the oldest until it is acknowledged',
        404,
        410,
      ),
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
        response: { 200: Pause },
        detail: described('pauseSession', 'Hold what comes for a session until it is resumed'),
      },
    )
    .post(
      '/sessions/:id/resume',
      async ({ params }) => jsonResponse(await deps.resume(`session:${params.id}`)),
      {
        ...noBody,
        ...requests.byId,
        response: { 200: Pause },
        detail: described('resumeSession', 'Bring a session what was held for it, in its order'),
      },
    )
    .get('/hooks', async () => jsonResponse(await hooksOf(deps)), {
      query,
      response: { 200: listOf(answers.Hook, { description: 'As configured' }) },
      detail: hooksDescribed('listHooks', 'Every configured hook'),
    })
}

async function sessionsOf(deps: SessionDeps): Promise<readonly answers.Session[]> {
  const viewOf = await createSessionViewer(deps)
  return (await deps.store.listSessions()).map(viewOf)
}

async function register(
  { store, register, registering }: SessionDeps,
  guard: RequestGuard,
  { id, driver, ...order }: requests.SessionOrder,
  request: Request,
): Promise<Response> {
  const { from, publicUrl } = registering()
  const peer = guard.peer(request)
  const opened = await register({
    ...{ id, driver, settings: order.settings ?? {}, replace: order.replace === true },
    inboxesOnly: from !== 'anywhere' && !isLocal({ publicUrl, peer }, request),
    ...(order.decisions === true && { decisions: true }),
    ...(order.check === true && { check: request.signal }),
  })
  if (!('session' in opened)) throw new Failure('unprocessable', unfitText(opened.trial))
  const { session, liveGrants, takenFrom, trouble, trial } = opened
  const response = jsonResponse<answers.Opened>(
    {
      ...sessionView(session, { queues: (await store.counts()).queues, pauses: await store.listPauses() }),
      liveGrants,
      ...(takenFrom && { takenFrom }),
      ...(trouble !== undefined && { trouble }),
      ...(trial && { check: trialView(trial) }),
    },
    201,
  )
  response.headers.set('location', `/api/sessions/${session.id}`)
  return response
}

async function next(
  { nextInInbox }: SessionDeps,
  id: string,
  wait = '0',
  { signal }: Request,
): Promise<Response> {
  const delivery = await nextInInbox(id, Math.min(Number(wait), longestWaitSeconds) * 1000, signal)
  if (!delivery) throw new Failure('not_found', 'Nothing waits in the inbox.')
  return jsonResponse<answers.Delivery>(deliveryView(delivery))
}

async function screenOf({ store, screens }: SessionDeps, id: string): Promise<Response> {
  const session = sessionIn(await store.listSessions(), id)
  return jsonResponse<Screen>(screenView(session.id, await screens.look(session)))
}

async function hooksOf({ store, hooks }: SessionDeps): Promise<readonly answers.Hook[]> {
  const pauses = await store.listPauses()
  return hooks().map((hook) => hookView(hook, pauses))
}

async function show(deps: SessionDeps, id: string): Promise<Response> {
  return jsonResponse(sessionIn(await sessionsOf(deps), id))
}
