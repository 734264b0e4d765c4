import type { NoticeState } from '../../domain/notice.ts'
import type { NoticeStore } from '../../domain/notice-store.ts'
import { noticeView } from '../../manage/views.ts'
import { createAdminApi } from '../api.ts'
import type { AdminCheck } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import * as answers from '../models/answers.ts'
import * as requests from '../models/requests.ts'
import { listOf } from '../models/shape.ts'
import { adminOperations } from '../openapi/operation.ts'
import { limitOf, linkAfter } from './deliveries.ts'

interface NoticeDeps {
  readonly admin: AdminCheck
  readonly store: Pick<NoticeStore, 'listNotices'>
}

export const noticeRoutes = (deps: NoticeDeps, guard: RequestGuard) =>
  createAdminApi(deps.admin, guard).api.get('/notices', ({ request, query }) => list(deps, request, query), {
    query: requests.NoticeQuery,
    response: { 200: listOf(answers.Notice, { description: 'Newest first' }) },
    detail: adminOperations('Notices')('listNotices', 'Who was told what happened, and whether that arrived'),
  })

async function list({ store }: NoticeDeps, { url }: Request, query: requests.NoticeQuery): Promise<Response> {
  const { state, rule, after } = query
  const limit = limitOf(query.limit)
  const notices = await store.listNotices({
    limit,
    ...(state && { state: state.toUpperCase() as NoticeState }),
    ...(rule && { rule }),
    ...(after && { after: Number(after) }),
  })
  const response = jsonResponse<readonly answers.Notice[]>(notices.map(noticeView))
  const last = notices.at(-1)
  if (last && notices.length === limit) response.headers.set('link', linkAfter(url, last.seq))
  return response
}
