import { causeOf, type Delivery, type DeliveryState } from '../../domain/delivery.ts'
import { withoutFence } from '../../domain/fence.ts'
import type { GrantId } from '../../domain/grant.ts'
import { oneLine } from '../../domain/one-line.ts'
import { grantBehind } from '../../domain/source.ts'
import { iso } from '../../manage/views.ts'
import { nameOf, type PageDeps, shortened, shortTime, toneOf } from './page.ts'

/** The labels of grants by id. */
export type Labels = ReadonlyMap<string, string>

/** Those of the grants by which these deliveries came. */
export const labelsOf = (store: GrantStore, rows: readonly Delivery[]): Promise<Labels> =>
  labelsOfGrants(
    store,
    rows.flatMap(({ source }) => grantBehind(source) ?? []),
  )

type GrantStore = Pick<PageDeps['store'], 'findGrant'>

export async function labelsOfGrants(store: GrantStore, ids: readonly GrantId[]): Promise<Labels> {
  const grants = await Promise.all([...new Set(ids)].map((id) => store.findGrant(id)))
  return new Map(grants.flatMap((grant) => (grant?.label ? [[grant.id, grant.label]] : [])))
}

/** States in words of people, in the order in which a delivery passes them. */
export const stateWords: Readonly<Record<DeliveryState, string>> = {
  PENDING: 'Pending',
  RETRY: 'Retrying',
  DELIVERED: 'Delivered',
  FAILED: 'Failed',
}

/** A delivery as one line of a list, which `params` filter. */
export const rowOf = (delivery: Delivery, labels: Labels, params = new URLSearchParams()) => ({
  id: delivery.id,
  href: `/dashboard/deliveries/${delivery.id}${params.size > 0 ? `?${params}` : ''}`,
  receivedAt: iso(delivery.receivedAt),
  received: shortTime(iso(delivery.receivedAt)),
  tone: toneOf(delivery.state),
  word: wordOf(delivery),
  note: delivery.state === 'DELIVERED' ? null : noteOf(delivery),
  session: delivery.session,
  source: sourceOf(delivery, labels),
  sourceHint: hintOf(delivery),
  replay: delivery.replayOf !== undefined,
  message: shortened(oneLine(withoutFence(delivery.message).slice(0, 2000), 2000), 240) || '(no message)',
  retry: delivery.state === 'FAILED' ? `/dashboard/deliveries/${delivery.id}/retry` : null,
})

/** Why it is not delivered, as a person would say it. */
export function noteOf(delivery: Pick<Delivery, 'failedStep' | 'heldBecause' | 'detail'>): string | null {
  const text = delivery.detail || causeOf(delivery)?.replaceAll('_', ' ')
  return text ? shortened(oneLine(text), 160) : null
}

function wordOf(delivery: Delivery): string {
  const cause = causeOf(delivery)?.replaceAll('_', ' ')
  const attempts = delivery.attempts > 1 ? `, ${delivery.attempts} attempts` : ''
  return `${stateWords[delivery.state]}${cause ? `: ${cause}` : ''}${attempts}`
}

/** The hook's name, the grant's label or id, or who else sent it. */
export function sourceOf({ source }: Delivery, labels: Labels): string {
  const name = nameOf(source)
  return name === null ? 'By you' : (labels.get(name) ?? name)
}

function hintOf({ source, from }: Delivery): string {
  const kinds = {
    hook: 'hook',
    grant: 'grant',
    wait: 'end of a wait of grant',
    admin: 'sent by the operator',
  }
  return [kinds[source.kind], nameOf(source), from && `from ${shortened(oneLine(from), 60)}`]
    .filter(Boolean)
    .join(' ')
}
