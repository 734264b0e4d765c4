import { Failure } from '../../domain/error.ts'
import type { Grant } from '../../domain/grant.ts'
import type { DoorStore } from '../../domain/ports.ts'
import { parseSessionId } from '../../domain/session.ts'
import type { MintOrder } from '../../manage/grants.ts'
import type { PauseView } from '../../manage/pauses.ts'
import { grantView, mintView } from '../../manage/views.ts'
import { createAdminApi } from '../api.ts'
import type { AdminCheck } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import { jsonList } from '../json-list.ts'
import * as answers from '../models/grant.ts'
import * as requests from '../models/requests.ts'
import { listOf } from '../models/shape.ts'
import { adminOperations } from '../openapi/operation.ts'

/** What the operator does with grants over HTTP, bound to this server by the composition root. */
interface GrantDeps {
  readonly admin: AdminCheck
  readonly store: Pick<DoorStore, 'listGrants'>
  readonly now: () => number
  readonly expose: (order: MintOrder) => Promise<{ readonly grant: Grant; readonly url: string }>
  readonly revoke: (id: string) => Promise<Grant>
  readonly rotate: (
    id: string,
    graceMs: number | undefined,
  ) => Promise<{ readonly grant: Grant; readonly url: string }>
  readonly pause: (target: string) => Promise<PauseView>
  readonly resume: (target: string) => Promise<PauseView>
}

const described = adminOperations('Grants')

export function grantRoutes(deps: GrantDeps, guard: RequestGuard) {
  const { api, json, noBody } = createAdminApi(deps.admin, guard)
  return api
    .get('/grants', ({ query }) => list(deps, query.session), {
      query: requests.GrantQuery,
      response: { 200: listOf(answers.Grant, { description: 'Newest first' }) },
      detail: described('listGrants', 'Every grant'),
    })
    .post('/grants', ({ body }) => mint(deps, body), {
      parse: json,
      query: requests.NoQuery,
      body: requests.MintOrder,
      response: { 201: answers.Mint },
      detail: described('mintGrant', 'Mint a capability URL; it is shown this once', 404, 410),
    })
    .delete('/grants/:id', ({ params }) => revoke(deps, params.id), {
      ...requests.byId,
      response: { 200: answers.Grant },
      detail: described(
        'revokeGrant',
        'Revoke a grant by its id or a unique beginning of it, 4 characters or more',
        409,
      ),
    })
    .post('/grants/:id/pause', async ({ params }) => jsonResponse(await deps.pause(`grant:${params.id}`)), {
      ...noBody,
      ...requests.byId,
      response: { 200: answers.Pause },
      detail: described('pauseGrant', 'Close a grant until it is resumed', 409, 410),
    })
    .post('/grants/:id/resume', async ({ params }) => jsonResponse(await deps.resume(`grant:${params.id}`)), {
      ...noBody,
      ...requests.byId,
      response: { 200: answers.Pause },
      detail: described('resumeGrant', 'Open a paused grant again', 409, 410),
    })
    .post('/grants/:id/rotate', ({ params, body }) => rotate(deps, params.id, body.grace ?? undefined), {
      parse: json,
      ...requests.byId,
      body: requests.RotateOrder,
      response: { 200: answers.Mint },
      detail: described('rotateGrant', 'Another URL for the same grant; it is shown this once', 409, 410),
    })
}

async function list(deps: GrantDeps, session: string | undefined): Promise<Response> {
  const grants = await deps.store.listGrants(
    session === undefined ? {} : { session: parseSessionId(session) },
  )
  const now = deps.now()
  return jsonList<Grant, answers.Grant>(grants, (grant) => grantView(grant, now))
}

async function mint(deps: GrantDeps, order: requests.MintOrder): Promise<Response> {
  if (typeof order.session !== 'string' && typeof order.hook !== 'string')
    throw new Failure('unprocessable', '"session" must be a string, or "hook" the name of a hook.')
  const ttlSeconds = order.ttl ?? order.ttlSeconds ?? undefined
  const { grant, url } = await deps.expose({
    ...(typeof order.session === 'string' && { session: order.session }),
    ...(typeof order.hook === 'string' && { hook: order.hook }),
    ...(typeof order.verb === 'string' && { verb: order.verb }),
    ...(typeof order.uses === 'number' && { uses: order.uses }),
    ...(typeof order.label === 'string' && { label: order.label }),
    ...(ttlSeconds !== undefined && { ttlSeconds }),
  })
  return jsonResponse<answers.Mint>(mintView(grant, url), 201)
}

async function revoke(deps: GrantDeps, id: string): Promise<Response> {
  return jsonResponse<answers.Grant>(grantView(await deps.revoke(id), deps.now()))
}

async function rotate(deps: GrantDeps, id: string, graceSeconds: number | undefined): Promise<Response> {
  const { grant, url } = await deps.rotate(id, graceSeconds === undefined ? undefined : graceSeconds * 1000)
  return jsonResponse<answers.Mint>(mintView(grant, url))
}
