import type { GrantId } from '../../domain/grant.ts'
import type { Refusal, RefusalFilter } from '../../domain/refusal.ts'
import { refusalView } from '../../manage/views.ts'
import { createAdminApi } from '../api.ts'
import type { AdminCheck } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import * as answers from '../models/answers.ts'
import * as requests from '../models/requests.ts'
import { listOf } from '../models/shape.ts'
import { adminOperations } from '../openapi/operation.ts'
import { limitOf, linkAfter } from './deliveries.ts'

interface RefusalDeps {
  readonly admin: AdminCheck
  readonly list: (filter: RefusalFilter) => Promise<readonly Refusal[]>
}

export const refusalRoutes = (deps: RefusalDeps, guard: RequestGuard) =>
  createAdminApi(deps.admin, guard).api.get('/refusals', ({ request, query }) => list(deps, request, query), {
    query: requests.RefusalQuery,
    response: { 200: listOf(answers.Refusal, { description: 'Newest first' }) },
    detail: adminOperations('Refusals')('listRefusals', 'What was turned away, and why'),
  })

async function list(deps: RefusalDeps, { url }: Request, query: requests.RefusalQuery): Promise<Response> {
  const { hook, grant, after } = query
  const limit = limitOf(query.limit)
  const refusals = await deps.list({
    limit,
    ...(hook && { hook }),
    ...(grant && { grant: grant as GrantId }),
    ...(after && { after: Number(after) }),
  })
  const response = jsonResponse<readonly answers.Refusal[]>(refusals.map(refusalView))
  const last = refusals.at(-1)
  if (last && refusals.length === limit) response.headers.set('link', linkAfter(url, last.seq))
  return response
}
