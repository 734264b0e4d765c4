import type { Delivery } from '../../../domain/delivery.ts'
import { only, readQuery } from '../delivery-query.ts'
import type { PageDeps } from '../page.ts'

/** The deliveries beside one in the list that `query` filters, and the way back there. */
export async function neighboursOf(
  deps: Pick<PageDeps, 'store' | 'now'>,
  { id, seq }: Delivery,
  query: URLSearchParams,
) {
  const { store } = deps
  const { params: filters, selection } = await readQuery(deps, query)
  const filter = { ...selection, limit: 1, after: seq }
  const [[older], [newer]] = await Promise.all([
    store.listDeliveries(filter),
    store.listDeliveries({ ...filter, oldestFirst: true }),
  ])
  const kept = new URLSearchParams([...filters, ...only(query, 'chart')])
  const at = (path: string) => (kept.size === 0 ? path : `${path}?${kept}`)
  const page = (delivery: Pick<Delivery, 'id'> | undefined) =>
    delivery ? at(`/dashboard/deliveries/${delivery.id}`) : null
  return { list: at('/dashboard'), self: page({ id }) ?? '', newer: page(newer), older: page(older) }
}
