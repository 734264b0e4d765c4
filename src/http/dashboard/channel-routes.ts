import { Elysia } from 'elysia'
import type { Grant } from '../../domain/grant.ts'
import type { MintOrder } from '../../manage/grants.ts'
import { iso, mintView } from '../../manage/views.ts'
import { type FreshUrl, graceOf, mintOrderOf } from './channels.ts'
import { type AnswerForm, posted } from './forms.ts'
import type { LoginGuard } from './login-guard.ts'
import { redirect } from './login-routes.ts'
import { shortTime } from './page.ts'

interface Minted {
  readonly grant: Grant
  readonly url: string
}

/** What can be done to grants. `target` of a pause: `grant:<id>`. */
export interface ChannelFormDeps {
  readonly expose: (order: MintOrder) => Promise<Minted>
  readonly rotate: (id: string, graceMs: number | undefined) => Promise<Minted>
  readonly revoke: (id: string) => Promise<Grant>
  readonly pause: (target: string) => Promise<unknown>
  readonly resume: (target: string) => Promise<unknown>
  readonly guard: LoginGuard
}

/** A URL that was made a moment ago, for the page that its form leads to: undefined when there is none, or it was shown. */
export const takeFresh = async (
  guard: Pick<LoginGuard, 'takeNote'>,
  request: Request,
): Promise<FreshUrl | undefined> => (await guard.takeNote(request, 'fresh')) as FreshUrl | undefined

export function channelForms(deps: ChannelFormDeps, post: AnswerForm) {
  const leave = (request: Request, fresh: FreshUrl) => deps.guard.leaveNote(request, 'fresh', fresh)
  const act =
    (action: (id: string) => Promise<unknown>) =>
    ({ request, params }: { request: Request; params: { id: string } }) =>
      post(request, async () => {
        await action(params.id)
        return list()
      })
  return new Elysia({ prefix: '/channels' })
    .post(
      '',
      ({ request }) =>
        post(request, async (form) => {
          const { grant, url } = await deps.expose(mintOrderOf(form))
          await leave(request, { minted: mintView(grant, url) })
          return list()
        }),
      posted,
    )
    .post(
      '/:id/rotate',
      ({ request, params }) =>
        post(request, async (form) => {
          const { grant, url } = await deps.rotate(params.id, graceOf(form))
          await leave(request, { minted: mintView(grant, url), rotated: untilOf(grant) })
          return list()
        }),
      posted,
    )
    .post(
      '/:id/pause',
      act((id) => deps.pause(`grant:${id}`)),
      posted,
    )
    .post(
      '/:id/resume',
      act((id) => deps.resume(`grant:${id}`)),
      posted,
    )
    .post('/:id/revoke', act(deps.revoke), posted)
}

const list = (): Response => redirect('/dashboard/channels')

const untilOf = ({ previousUntil }: Grant): string =>
  previousUntil ? `works until ${shortTime(iso(previousUntil))}` : 'works no more'
