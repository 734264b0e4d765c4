import { Elysia } from 'elysia'
import type { Delivery } from '../../../domain/delivery.ts'
import type { DoorStore } from '../../../domain/ports.ts'
import { neededCommand } from '../../../inbound/delivery-curl.ts'
import { showDelivery } from '../../../manage/deliveries.ts'
import { type AnswerForm, linesOf, posted } from '../forms.ts'
import { redirect, safeNext } from '../login-routes.ts'
import type { PageDeps } from '../page.ts'

/** What can be done to one delivery. */
export interface DeliveryFormDeps {
  readonly retry: (id: string) => Promise<Delivery>
  readonly replay: (id: string, message: string | undefined) => Promise<Delivery>
  readonly cancel: (id: string) => Promise<Delivery>
  readonly purge: (id: string) => Promise<void>
}

export const deliveryForms = (deps: DeliveryFormDeps, post: AnswerForm) =>
  new Elysia({ prefix: '/deliveries/:id' })
    .post(
      '/retry',
      ({ request, params }) =>
        post(request, async (form) => {
          const delivery = await deps.retry(params.id)
          const next = form.get('next')
          return next ? redirect(safeNext(next)) : shown(delivery)
        }),
      posted,
    )
    .post(
      '/cancel',
      ({ request, params }) => post(request, async () => shown(await deps.cancel(params.id))),
      posted,
    )
    .post(
      '/replay',
      ({ request, params }) =>
        post(request, async (form) => {
          const message = form.get('edited') === 'yes' ? linesOf(form.get('message')) : undefined
          return shown(await deps.replay(params.id, message))
        }),
      posted,
    )
    .post(
      '/purge',
      ({ request, params }) =>
        post(request, async () => {
          await deps.purge(params.id)
          return redirect('/dashboard')
        }),
      posted,
    )

const shown = ({ id }: Delivery): Response => redirect(`/dashboard/deliveries/${id}`)

/** The command line that sends a delivery's request again, signed at this moment where its hook signs. Throws `not_found`. */
export async function curlText(
  { store, hooks, now }: Pick<PageDeps, 'store' | 'hooks' | 'now'>,
  id: string,
  base: string,
): Promise<Response> {
  const { line } = neededCommand(await showDelivery(store, id), hooks().hooks)
  return new Response(`${line({ base, now: now() })}\n`, {
    headers: { 'content-type': 'text/plain; charset=utf-8', ...inertHeaders },
  })
}

/** A payload as it was sent, to be kept in a file and never shown by a browser. Throws `not_found`. */
export async function payloadFile(store: Pick<DoorStore, 'inspectDelivery'>, id: string): Promise<Response> {
  const { payload = new Uint8Array(), contentType = '' } = await showDelivery(store, id)
  const ending = /json/i.test(contentType) ? 'json' : /^text\//i.test(contentType) ? 'txt' : 'bin'
  return new Response(new Uint8Array(payload), {
    headers: {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${id}.${ending}"`,
      ...inertHeaders,
    },
  })
}

/** Of what a stranger sent: no browser runs it, nor keeps it. */
const inertHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
}
