import type { Delivery } from '../../../domain/delivery.ts'
import type { DoorStore } from '../../../domain/ports.ts'
import { filterOf } from '../../routes/deliveries.ts'

const names = ['state', 'session', 'hook', 'grant', 'text', 'since', 'until']

/** The deliveries beside one in the list that `query` filters, and the way back there. */
export async function neighboursOf(
  store: Pick<DoorStore, 'listDeliveries'>,
  { id, seq }: Delivery,
  query: URLSearchParams,
) {
  const filters = new URLSearchParams(
    [...query].filter(([name, value]) => names.includes(name) && value !== ''),
  )
  const filter = { ...filterOf(Object.fromEntries(filters)), limit: 1, after: seq }
  const [[older], [newer]] = await Promise.all([
    store.listDeliveries(filter),
    store.listDeliveries({ ...filter, oldestFirst: true }),
  ])
  const at = (path: string) => (filters.size === 0 ? path : `${path}?${filters}`)
  const page = (delivery: Pick<Delivery, 'id'> | undefined) =>
    delivery ? at(`/dashboard/deliveries/${delivery.id}`) : null
  return { list: at('/dashboard'), self: page({ id }) ?? '', newer: page(newer), older: page(older) }
}
