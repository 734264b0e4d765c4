import type { Counts } from '../../domain/counts.ts'
import { type Delivery, type DeliveryId, type DeliveryRecord, isDeliveryId } from '../../domain/delivery.ts'
import { failedSteps, failedStepWords } from '../../domain/failed-step.ts'
import { builtInHooks } from '../../domain/hook.ts'
import { bulkOffers } from './bulk.ts'
import { chartPart, chosenSpan, type Histories } from './chart/chart.ts'
import { deliveryDetail } from './delivery/page.ts'
import { addressOf, type DeliveryQuery, only, readQuery, withOne, without } from './delivery-query.ts'
import { type Labels, labelsOf, rowOf, stateWords } from './delivery-rows.ts'
import { grouped, type Page, type PageDeps, toneOf } from './page.ts'

const pageSize = 50
const states = ['PENDING', 'RETRY', 'DELIVERED', 'FAILED'] as const
/** What stands in the address beside the filter. */
const placeNames = ['after', 'before'] as const

/** The list of deliveries that fit the address's query, with counts and a chart. */
export async function deliveriesPage(deps: PageDeps, histories: Histories, url: URL): Promise<Page> {
  const query = await readQuery(deps, url.searchParams)
  const place = only(url.searchParams, ...placeNames)
  const span = chosenSpan(url.searchParams)
  // What the links of the page keep: the filter, and how large the chart is.
  const kept = withOne(query.params, 'chart', span ?? null)
  const here = new URLSearchParams([...kept, ...place])
  const [chosen, found, counts, sessions, chart] = await Promise.all([
    chosenIn(deps, url.searchParams.get('selected')),
    pageOf(deps, query, place),
    deps.store.counts(),
    deps.store.listSessions(),
    chartPart(histories, span, (name) => addressOf(withOne(here, 'chart', name))),
  ])
  const labels = await labelsOf(deps.store, found.rows)
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
      tabs: tabsOf(counts, query.params, kept),
      ...chart,
      span: span ?? null,
      clear: addressOf(only(kept, 'chart')),
      ...filtersOf(
        query.params,
        sessions.map(({ id }) => id),
        hookNames(deps),
      ),
      ...listOf(kept, found, labels, { here, chosen: chosen?.id }),
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
  failures: options(params, 'failedStep', 'Any failure', failedSteps, failedStepWords),
  failing: params.has('failedStep') || params.get('state')?.toUpperCase() === 'FAILED',
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
  ...builtInHooks,
  ...hooks().hooks.map(({ name }) => name),
]

function tabsOf({ deliveries }: Counts, params: URLSearchParams, kept: URLSearchParams) {
  const others = without(kept, 'state', 'failedStep')
  const state = params.get('state')?.toUpperCase() ?? (params.has('failedStep') ? 'FAILED' : undefined)
  // The counts are of all deliveries: beside a filter they would promise what is not listed.
  const shown = (n: number) => (without(others, 'chart').size === 0 ? grouped(n) : null)
  const all = states.reduce((sum, state) => sum + deliveries[state], 0)
  return [
    { label: 'All', n: shown(all), tone: null, href: addressOf(others), current: state === undefined },
    ...states.map((each) => ({
      label: stateWords[each],
      n: shown(deliveries[each]),
      tone: toneOf(each),
      href: addressOf(withOne(others, 'state', each)),
      current: state === each,
    })),
  ]
}

/** The options of a select: the values, and the chosen one even where that is no value any more. */
function options(
  params: URLSearchParams,
  name: string,
  any: string,
  values: readonly string[],
  words: Readonly<Record<string, string>> = {},
) {
  const chosen = params.get(name) ?? ''
  const all = [...new Set(['', ...values, chosen])]
  return all.map((value) => ({
    value,
    label: value === '' ? any : (words[value] ?? value),
    selected: value === chosen,
  }))
}
