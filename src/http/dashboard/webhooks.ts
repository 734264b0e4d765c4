import type { Delivery } from '../../domain/delivery.ts'
import type { Counts, DeliveryFilter } from '../../domain/ports.ts'
import { iso } from '../../manage/views.ts'
import { filterOf } from '../admin.ts'
import type { PageView } from '../page.ts'
import { nameOf, noteOf, type Reading, type Shown, shortened, shortTime, toneOf } from './shown.ts'

const pageSize = 50
const states = ['PENDING', 'RETRY', 'DELIVERED', 'FAILED'] as const

/** The list of deliveries that fit the address's query, with counts and the last day. */
export async function webhooksPage(
  reading: Reading,
  history: () => Promise<PageView | null>,
  url: URL,
): Promise<Shown> {
  const query = asked(url.searchParams)
  const filter: DeliveryFilter = { ...filterOf(query), limit: pageSize + 1 }
  const [found, counts, sessions, drawn] = await Promise.all([
    reading.store.listDeliveries(filter),
    reading.store.counts(),
    reading.store.listSessions(),
    history(),
  ])
  const ids = sessions.map(({ id }) => id)
  return {
    template: 'webhooks',
    title: 'Webhooks',
    section: 'webhooks',
    live: addressOf(query),
    view: {
      counts: countsOf(counts, query),
      history: drawn,
      ...filtersOf(query, ids, hookNames(reading)),
      ...listOf(query, found),
    },
  }
}

const filtersOf = (query: URLSearchParams, sessions: readonly string[], hooks: readonly string[]) => ({
  states: options(query, 'state', states),
  sessions: options(query, 'session', sessions),
  hooks: options(query, 'hook', hooks),
  grant: query.get('grant') ?? '',
  text: query.get('text') ?? '',
  filtered: [...query.keys()].some((name) => name !== 'after'),
})

/** One more than a page holds was asked for: it only says that there are older ones. */
function listOf(query: URLSearchParams, found: readonly Delivery[]) {
  const rows = found.slice(0, pageSize)
  const older = found.length > pageSize ? withOne(query, 'after', String(rows.at(-1)?.seq)) : undefined
  return {
    any: rows.length > 0,
    rows: rows.map(rowOf),
    paged: query.has('after') || older !== undefined,
    newest: query.has('after') ? addressOf(without(query, 'after')) : null,
    older: older ? addressOf(older) : null,
  }
}

/** Only what filters, and only where something is asked for: an empty field of a form means nothing. */
function asked(query: URLSearchParams): URLSearchParams {
  const names = ['state', 'session', 'hook', 'grant', 'text', 'after']
  const given = names.map((name): [string, string] => [name, (query.get(name) ?? '').trim()])
  return new URLSearchParams(given.filter(([, value]) => value !== ''))
}

const hookNames = ({ hooks }: Reading): readonly string[] => [
  'wake',
  'agent',
  ...hooks().hooks.map(({ name }) => name),
]

function countsOf({ deliveries }: Counts, query: URLSearchParams) {
  const others = without(query, 'state', 'after')
  const all = { label: 'all', n: states.reduce((sum, state) => sum + deliveries[state], 0), tone: 'plain' }
  return [
    { ...all, href: addressOf(others), current: !query.has('state') },
    ...states.map((state) => ({
      label: state,
      n: deliveries[state],
      tone: toneOf(state),
      href: addressOf(withOne(others, 'state', state)),
      current: query.get('state')?.toUpperCase() === state,
    })),
  ]
}

/** What one may choose, and what was chosen, also where it is no choice any more. */
function options(query: URLSearchParams, name: string, values: readonly string[]) {
  const chosen = query.get(name) ?? ''
  const all = [...new Set(['', ...values, chosen])]
  return all.map((value) => ({ value, label: value === '' ? 'any' : value, selected: value === chosen }))
}

const rowOf = (delivery: Delivery) => ({
  href: `/dashboard/deliveries/${delivery.id}`,
  receivedAt: iso(delivery.receivedAt),
  received: shortTime(iso(delivery.receivedAt)),
  state: delivery.state,
  tone: toneOf(delivery.state),
  note: noteOf(delivery),
  session: delivery.session,
  through: delivery.door.kind === 'admin' ? 'keeper' : delivery.door.kind,
  named: nameOf(delivery.door),
  message: shortened(delivery.message, 200),
  attempts: delivery.attempts,
})

function without(query: URLSearchParams, ...names: readonly string[]): URLSearchParams {
  return new URLSearchParams([...query].filter(([name]) => !names.includes(name)))
}

const withOne = (query: URLSearchParams, name: string, value: string): URLSearchParams =>
  new URLSearchParams([...without(query, name), [name, value]])

const addressOf = (query: URLSearchParams): string =>
  query.size === 0 ? '/dashboard' : `/dashboard?${query}`
