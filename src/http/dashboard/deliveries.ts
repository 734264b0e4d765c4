import type { Counts } from '../../domain/counts.ts'
import type { Delivery } from '../../domain/delivery.ts'
import { withoutFence } from '../../domain/fence.ts'
import { grantBehind } from '../../domain/source.ts'
import { iso } from '../../manage/views.ts'
import { filterOf } from '../routes/deliveries.ts'
import { nameOf, noteOf, type Page, type PageDeps, shortened, shortTime, toneOf } from './page.ts'
import type { PageView } from './templates.ts'

const pageSize = 50
const states = ['PENDING', 'RETRY', 'DELIVERED', 'FAILED'] as const

/** The list of deliveries that fit the address's query, with counts and the last day. */
export async function deliveriesPage(
  deps: PageDeps,
  history: () => Promise<PageView | null>,
  url: URL,
): Promise<Page> {
  const query = asked(url.searchParams)
  const [found, counts, sessions, drawn] = await Promise.all([
    pageOf(deps, query),
    deps.store.counts(),
    deps.store.listSessions(),
    history(),
  ])
  const ids = sessions.map(({ id }) => id)
  const labels = await labelsOf(deps, found)
  return {
    template: 'deliveries',
    title: 'Deliveries',
    section: 'deliveries',
    live: addressOf(query),
    view: {
      counts: countsOf(counts, query),
      history: drawn,
      ...filtersOf(query, ids, hookNames(deps)),
      ...listOf(query, found, labels),
    },
  }
}

const filtersOf = (query: URLSearchParams, sessions: readonly string[], hooks: readonly string[]) => ({
  states: options(query, 'state', states),
  sessions: options(query, 'session', sessions),
  hooks: options(query, 'hook', hooks),
  grant: query.get('grant') ?? '',
  text: query.get('text') ?? '',
  filtered: [...query.keys()].some((name) => name !== 'after' && name !== 'before'),
})

interface Found {
  readonly rows: readonly Delivery[]
  readonly newer: boolean
  readonly older: boolean
}

/** Asks the store for one delivery more than a page holds, to know whether others follow. */
async function pageOf({ store }: PageDeps, query: URLSearchParams): Promise<Found> {
  const { after: _, ...filter } = filterOf(Object.fromEntries(query))
  const [after, before] = [placeIn(query, 'after'), placeIn(query, 'before')]
  const limit = pageSize + 1
  if (before === undefined) {
    const rows = await store.listDeliveries({ ...filter, limit, ...(after !== undefined && { after }) })
    return { rows: rows.slice(0, pageSize), newer: after !== undefined, older: rows.length > pageSize }
  }
  const rows = await store.listDeliveries({ ...filter, limit, after: before, oldestFirst: true })
  return { rows: rows.slice(0, pageSize).reverse(), newer: rows.length > pageSize, older: true }
}

function placeIn(query: URLSearchParams, name: string): number | undefined {
  const place = query.get(name)
  return place !== null && /^\d{1,15}$/.test(place) ? Number(place) : undefined
}

function listOf(query: URLSearchParams, { rows, newer, older }: Found, labels: Labels) {
  const here = without(query, 'after', 'before')
  const beside = (name: string, row: Delivery | undefined) =>
    row ? addressOf(withOne(here, name, String(row.seq))) : null
  return {
    any: rows.length > 0,
    rows: rows.map((delivery) => rowOf(delivery, labels)),
    paged: newer || older,
    newest: newer ? addressOf(here) : null,
    newer: newer ? beside('before', rows[0]) : null,
    older: older ? beside('after', rows.at(-1)) : null,
  }
}

/** The labels of the grants that this page names. */
type Labels = ReadonlyMap<string, string>

async function labelsOf({ store }: PageDeps, { rows }: Found): Promise<Labels> {
  const ids = new Set(rows.flatMap(({ source }) => grantBehind(source) ?? []))
  const grants = await Promise.all([...ids].map((id) => store.findGrant(id)))
  return new Map(grants.flatMap((grant) => (grant?.label ? [[grant.id, grant.label]] : [])))
}

/** The query parameters that filter and are not empty: an empty field of a form asks for nothing. */
function asked(query: URLSearchParams): URLSearchParams {
  const names = ['state', 'session', 'hook', 'grant', 'text', 'after', 'before']
  const given = names.map((name): [string, string] => [name, (query.get(name) ?? '').trim()])
  return new URLSearchParams(given.filter(([, value]) => value !== ''))
}

const hookNames = ({ hooks }: PageDeps): readonly string[] => [
  'wake',
  'agent',
  ...hooks().hooks.map(({ name }) => name),
]

function countsOf({ deliveries }: Counts, query: URLSearchParams) {
  const others = without(query, 'state', 'after', 'before')
  // The counts are of all deliveries: beside a filter they would promise what is not listed.
  const shown = (n: number) => (others.size === 0 ? grouped(n) : null)
  const all = states.reduce((sum, state) => sum + deliveries[state], 0)
  return [
    { label: 'All', n: shown(all), tone: 'plain', href: addressOf(others), current: !query.has('state') },
    ...states.map((state) => ({
      label: state,
      n: shown(deliveries[state]),
      tone: toneOf(state),
      href: addressOf(withOne(others, 'state', state)),
      current: query.get('state')?.toUpperCase() === state,
    })),
  ]
}

/** The options of a select: the values, and the chosen one even where that is no value any more. */
function options(query: URLSearchParams, name: string, values: readonly string[]) {
  const chosen = query.get(name) ?? ''
  const all = [...new Set(['', ...values, chosen])]
  return all.map((value) => ({ value, label: value === '' ? 'any' : value, selected: value === chosen }))
}

const rowOf = (delivery: Delivery, labels: Labels) => ({
  id: delivery.id,
  href: `/dashboard/deliveries/${delivery.id}`,
  receivedAt: iso(delivery.receivedAt),
  received: shortTime(iso(delivery.receivedAt)),
  state: delivery.state,
  tone: toneOf(delivery.state),
  note: noteOf(delivery),
  session: delivery.session,
  source: delivery.source.kind === 'admin' ? 'operator' : delivery.source.kind,
  named: nameIn(labels, nameOf(delivery.source)),
  replay: delivery.replayOf !== undefined,
  message: shortened(withoutFence(delivery.message), 200),
  attempts: delivery.attempts,
})

const nameIn = (labels: Labels, name: string | null): string | null =>
  name === null ? null : (labels.get(name) ?? name)

/** `12,345` */
const grouped = (n: number): string => n.toLocaleString('en')

function without(query: URLSearchParams, ...names: readonly string[]): URLSearchParams {
  return new URLSearchParams([...query].filter(([name]) => !names.includes(name)))
}

const withOne = (query: URLSearchParams, name: string, value: string): URLSearchParams =>
  new URLSearchParams([...without(query, name), [name, value]])

const addressOf = (query: URLSearchParams): string =>
  query.size === 0 ? '/dashboard' : `/dashboard?${query}`
