import type { Counts } from '../../domain/counts.ts'
import { type Delivery, type DeliveryId, type DeliveryRecord, isDeliveryId } from '../../domain/delivery.ts'
import { bulkOffers } from './bulk.ts'
import { deliveryDetail } from './delivery/page.ts'
import { addressOf, type DeliveryQuery, only, readQuery, withOne, without } from './delivery-query.ts'
import { type Labels, labelsOf, rowOf, stateWords } from './delivery-rows.ts'
import { type Page, type PageDeps, toneOf } from './page.ts'
import type { PageView } from './templates.ts'

const pageSize = 50
const states = ['PENDING', 'RETRY', 'DELIVERED', 'FAILED'] as const
/** What stands in the address beside the filter. */
const placeNames = ['after', 'before'] as const

/** The list of deliveries that fit the address's query, with counts and the last day. */
export async function deliveriesPage(
  deps: PageDeps,
  history: () => Promise<PageView | null>,
  url: URL,
): Promise<Page> {
  const query = await readQuery(deps, url.searchParams)
  const place = only(url.searchParams, ...placeNames)
  const [chosen, found, counts, sessions, drawn] = await Promise.all([
    chosenIn(deps, url.searchParams.get('selected')),
    pageOf(deps, query, place),
    deps.store.counts(),
    deps.store.listSessions(),
    history(),
  ])
  const labels = await labelsOf(deps.store, found.rows)
  const here = new URLSearchParams([...query.params, ...place])
  return {
    template: 'deliveries',
    title: 'Deliveries',
    section: 'deliveries',
    live: addressOf(withOne(here, 'selected', chosen?.id ?? null)),
    view: {
      here: addressOf(here),
      problem: query.problem,
      selected: chosen?.id ?? null,
      detail: chosen ? { ...(await deliveryDetail(deps, chosen)), closed: addressOf(here) } : null,
      offers: bulkOffers(query.params, counts.deliveries),
      tabs: tabsOf(counts, query.params),
      history: drawn,
      ...filtersOf(
        query.params,
        sessions.map(({ id }) => id),
        hookNames(deps),
      ),
      ...listOf(query.params, found, labels, { here, chosen: chosen?.id }),
    },
  }
}

const filtersOf = (params: URLSearchParams, sessions: readonly string[], hooks: readonly string[]) => ({
  state: params.get('state'),
  sessions: options(params, 'session', 'Any session', sessions),
  hooks: options(params, 'hook', 'Any hook', hooks),
  grant: params.get('grant') ?? '',
  text: params.get('text') ?? '',
  since: params.get('since') ?? '',
  until: params.get('until') ?? '',
  filtered: params.size > 0,
  narrowed: without(params, 'state').size || null,
})

interface Found {
  readonly rows: readonly Delivery[]
  readonly newer: boolean
  readonly older: boolean
}

/** Asks the store for one delivery more than a page holds, to know whether others follow. */
async function pageOf(
  { store }: PageDeps,
  { selection }: DeliveryQuery,
  place: URLSearchParams,
): Promise<Found> {
  if (!selection) return { rows: [], newer: false, older: false }
  const [after, before] = placeNames.map((name) => placeIn(place, name))
  const limit = pageSize + 1
  if (before === undefined) {
    const rows = await store.listDeliveries({ ...selection, limit, ...(after !== undefined && { after }) })
    return { rows: rows.slice(0, pageSize), newer: after !== undefined, older: rows.length > pageSize }
  }
  const rows = await store.listDeliveries({ ...selection, limit, after: before, oldestFirst: true })
  return { rows: rows.slice(0, pageSize).reverse(), newer: rows.length > pageSize, older: true }
}

function placeIn(query: URLSearchParams, name: string): number | undefined {
  const place = query.get(name)
  return place !== null && /^\d{1,15}$/.test(place) ? Number(place) : undefined
}

/** The delivery that stands beside the list; nothing for what is none. */
const chosenIn = async ({ store }: PageDeps, id: string | null): Promise<DeliveryRecord | undefined> =>
  id !== null && isDeliveryId(id) ? store.inspectDelivery(id) : undefined

interface Around {
  /** The address of this list, as parameters. */
  readonly here: URLSearchParams
  readonly chosen: DeliveryId | undefined
}

function listOf(
  params: URLSearchParams,
  { rows, newer, older }: Found,
  labels: Labels,
  { here, chosen }: Around,
) {
  const beside = (name: string, row: Delivery | undefined) =>
    row ? addressOf(withOne(params, name, String(row.seq))) : null
  return {
    any: rows.length > 0,
    rows: rows.map((delivery) => ({
      ...rowOf(delivery, labels, params),
      selected: delivery.id === chosen,
      choose: addressOf(withOne(here, 'selected', delivery.id)),
    })),
    paged: newer || older,
    newest: newer ? addressOf(params) : null,
    newer: newer ? beside('before', rows[0]) : null,
    older: older ? beside('after', rows.at(-1)) : null,
  }
}

const hookNames = ({ hooks }: PageDeps): readonly string[] => [
  'wake',
  'agent',
  ...hooks().hooks.map(({ name }) => name),
]

function tabsOf({ deliveries }: Counts, params: URLSearchParams) {
  const others = without(params, 'state')
  // The counts are of all deliveries: beside a filter they would promise what is not listed.
  const shown = (n: number) => (others.size === 0 ? grouped(n) : null)
  const all = states.reduce((sum, state) => sum + deliveries[state], 0)
  return [
    { label: 'All', n: shown(all), tone: null, href: addressOf(others), current: !params.has('state') },
    ...states.map((state) => ({
      label: stateWords[state],
      n: shown(deliveries[state]),
      tone: toneOf(state),
      href: addressOf(withOne(others, 'state', state)),
      current: params.get('state')?.toUpperCase() === state,
    })),
  ]
}

/** The options of a select: the values, and the chosen one even where that is no value any more. */
function options(params: URLSearchParams, name: string, any: string, values: readonly string[]) {
  const chosen = params.get(name) ?? ''
  const all = [...new Set(['', ...values, chosen])]
  return all.map((value) => ({ value, label: value === '' ? any : value, selected: value === chosen }))
}

/** `12,345` */
const grouped = (n: number): string => n.toLocaleString('en')
