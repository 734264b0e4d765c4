import { Elysia } from 'elysia'
import type { Grant } from '../../domain/grant.ts'
import type { MintOrder } from '../../manage/grants.ts'
import { iso, mintView } from '../../manage/views.ts'
import { type FreshUrl, graceOf, mintOrderOf } from './channels.ts'
import { type AnswerForm, posted } from './forms.ts'
import { redirect } from './login-routes.ts'
import type { Login } from './logins.ts'
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
}

/** URLs that were made a moment ago: each is shown to its login once, on the page that the form leads to, and goes with it. */
export type FreshUrls = WeakMap<Login, FreshUrl>

/** Undefined when there is none, or it was shown. */
export function takeFresh(urls: FreshUrls, login: Login): FreshUrl | undefined {
  const fresh = urls.get(login)
  urls.delete(login)
  return fresh
}

export function channelForms(deps: ChannelFormDeps, fresh: FreshUrls, post: AnswerForm) {
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
        post(request, async (form, login) => {
          const { grant, url } = await deps.expose(mintOrderOf(form))
          fresh.set(login, { minted: mintView(grant, url) })
          return list()
        }),
      posted,
    )
    .post(
      '/:id/rotate',
      ({ request, params }) =>
        post(request, async (form, login) => {
          const { grant, url } = await deps.rotate(params.id, graceOf(form))
          fresh.set(login, { minted: mintView(grant, url), rotated: untilOf(grant) })
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
