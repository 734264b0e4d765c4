import type { HostView, HostWithToken } from '../../manage/hosts.ts'
import { createAdminApi } from '../api.ts'
import type { AdminCheck } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import * as models from '../models/hosts.ts'
import * as requests from '../models/requests.ts'
import { listOf } from '../models/shape.ts'
import { adminOperations } from '../openapi/operation.ts'

/** What the operator does over HTTP with the machines that may join, bound to this server by the composition root. */
export interface HostsDeps {
  readonly admin: AdminCheck
  readonly listHosts: () => Promise<readonly HostView[]>
  readonly addHost: (name: string) => Promise<HostWithToken>
  readonly revokeHost: (name: string) => Promise<HostView>
  readonly rotateHost: (name: string) => Promise<HostWithToken>
}

const described = adminOperations('Hosts')

export function hostsRoutes(deps: HostsDeps, guard: RequestGuard) {
  const { api, json, noBody } = createAdminApi(deps.admin, guard)
  return api
    .get('/hosts', async () => jsonResponse<readonly models.Host[]>(await deps.listHosts()), {
      query: requests.NoQuery,
      response: { 200: listOf(models.Host, { description: 'By name' }) },
      detail: described('listHosts', 'Every machine that may join, or might once'),
    })
    .post('/hosts', async ({ body }) => withToken(await deps.addHost(body.name), 201), {
      parse: json,
      query: requests.NoQuery,
      body: models.HostOrder,
      response: { 201: models.HostWithToken },
      detail: described('addHost', 'Let a machine join; its token is shown this once', 409),
    })
    .delete(
      '/hosts/:name',
      async ({ params }) => jsonResponse<models.Host>(await deps.revokeHost(params.name)),
      {
        ...requests.byName,
        response: { 200: models.Host },
        detail: described('revokeHost', 'Make the token of a machine stop working, at once'),
      },
    )
    .post('/hosts/:name/rotate', async ({ params }) => withToken(await deps.rotateHost(params.name)), {
      ...noBody,
      ...requests.byName,
      response: { 200: models.HostWithToken },
      detail: described('rotateHost', 'Another token for a machine; the one before it stops working at once'),
    })
}

const withToken = ({ host, token }: HostWithToken, status = 200): Response =>
  jsonResponse<models.HostWithToken>({ ...host, token }, status)
