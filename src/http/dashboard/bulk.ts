import type { Delivery } from '../../domain/delivery.ts'
import { Failure } from '../../domain/error.ts'
import { type BulkResult, type DeliverySelection, findCancellable, findRetryable } from '../../manage/bulk.ts'
import { addressOf, type DeliveryQuery, readQuery } from './delivery-query.ts'
import { labelsOf, rowOf } from './delivery-rows.ts'
import { grouped, type Page, type PageDeps } from './page.ts'

export interface BulkDeps extends PageDeps {
  /** What failed after `failedUntil` (Unix milliseconds) is left alone. */
  readonly retryAll: (filter: DeliverySelection, failedUntil: number) => Promise<BulkResult>
  readonly cancelAll: (filter: DeliverySelection) => Promise<BulkResult>
}

/** What is done with all that a filter finds. */
const bulkActs = ['retry', 'cancel'] as const
type BulkAct = (typeof bulkActs)[number]

export const isBulkAct = (name: string | undefined): name is BulkAct => bulkActs.some((act) => act === name)

const words = {
  retry: {
    title: 'Retry failed deliveries',
    button: 'Retry',
    danger: false,
    nothing: 'There is no failed delivery to retry',
    hint: 'Each keeps its id and is tried again as if it had just come.',
    done: 'queued again',
  },
  cancel: {
    title: 'Cancel waiting deliveries',
    button: 'Cancel',
    danger: true,
    nothing: 'There is no waiting delivery to cancel',
    hint: 'What is cancelled reaches no agent. It stays in the list as failed, and can be retried from there.',
    done: 'cancelled',
  },
} as const

const shownOfMany = 8

/** Counts what the filter of the address finds, and asks before anything is done with it. */
export async function bulkPage(deps: PageDeps, act: BulkAct, url: URL): Promise<Page> {
  const query = await readQuery(deps, url.searchParams)
  const asked = deps.now()
  const found = await foundBy(deps, act, selectionOf(query))
  const some = found.slice(-shownOfMany).reverse()
  const labels = await labelsOf(deps.store, some)
  return pageOf(act, query, {
    asking: {
      action: `/dashboard/bulk/${act}`,
      any: found.length > 0,
      count: deliveries(found.length),
      filter: filterWords(query.params),
      fields: [...query.params, ['asked', String(asked)]].map(([name, value]) => ({ name, value })),
      rows: some.map((delivery) => rowOf(delivery, labels)),
      more: found.length > some.length ? grouped(found.length - some.length) : null,
    },
  })
}

/** Does what was asked for, and says what came of it. Throws `unprocessable` for a filter that cannot be followed. */
export async function actOnAll(deps: BulkDeps, act: BulkAct, form: URLSearchParams): Promise<Page> {
  const query = await readQuery(deps, form)
  const asked = Number(form.get('asked') ?? Number.NaN)
  if (!Number.isSafeInteger(asked))
    throw new Failure('unprocessable', 'The form does not say when it was made.')
  const selection = selectionOf(query)
  const result = act === 'retry' ? await deps.retryAll(selection, asked) : await deps.cancelAll(selection)
  return pageOf(act, query, { result: resultOf(act, result) })
}

const foundBy = (
  { store }: PageDeps,
  act: BulkAct,
  selection: DeliverySelection,
): Promise<readonly Delivery[]> =>
  act === 'retry' ? findRetryable(store, selection) : findCancellable(store, selection)

function selectionOf({ selection, problem }: DeliveryQuery): DeliverySelection {
  if (selection) return selection
  throw new Failure('unprocessable', problem ?? 'The filter cannot be followed.')
}

const pageOf = (act: BulkAct, { params }: DeliveryQuery, view: Readonly<Record<string, unknown>>): Page => ({
  template: 'bulk',
  title: words[act].title,
  section: 'deliveries',
  view: { ...{ asking: null, result: null }, ...words[act], back: addressOf(params), ...view },
})

const refusals: Readonly<Record<string, string>> = {
  in_flight: 'was under way or done by somebody else already',
  session_ended: 'is for a session that has ended',
  session_missing: 'is for a session that does not exist',
  queue_full: 'found the queue of its session full',
  not_found: 'was erased meanwhile',
}

const resultOf = (act: BulkAct, { done, refused }: BulkResult) => ({
  tone: Object.keys(refused).length > 0 ? 'waiting' : 'taken',
  text:
    done === 0
      ? 'Nothing was left to do.'
      : `${deliveries(done)} ${done === 1 ? 'was' : 'were'} ${words[act].done}.`,
  refused: Object.entries(refused).map(
    ([code, n]) => `${grouped(n)} × ${refusals[code] ?? code.replaceAll('_', ' ')}`,
  ),
})

const deliveries = (n: number): string => `${grouped(n)} ${n === 1 ? 'delivery' : 'deliveries'}`

/** `for session build, with “rain” in it`; empty without a filter. */
function filterWords(params: URLSearchParams): string {
  const phrases: Readonly<Record<string, (value: string) => string>> = {
    session: (value) => `for session ${value}`,
    hook: (value) => `through hook ${value}`,
    grant: (value) => `of grant ${value}`,
    text: (value) => `with “${value}” in it`,
    since: (value) => `received since ${value}${/^\d+[smhd]$/.test(value) ? ' ago' : ''}`,
    until: (value) => `received until ${value}${/^\d+[smhd]$/.test(value) ? ' ago' : ''}`,
  }
  return [...params].flatMap(([name, value]) => phrases[name]?.(value) ?? []).join(', ')
}

/** Where the list offers what can be done with all that its filter finds. */
export function bulkOffers(params: URLSearchParams, counts: Readonly<Record<Delivery['state'], number>>) {
  const state = params.get('state')?.toUpperCase()
  const offer = (act: BulkAct, label: string, states: readonly Delivery['state'][]) =>
    states.some((each) => counts[each] > 0 && (state === undefined || state === each))
      ? [{ label, href: addressOf(params).replace('/dashboard', `/dashboard/bulk/${act}`) }]
      : []
  return [
    ...offer('retry', 'Retry failed…', ['FAILED']),
    ...offer('cancel', 'Cancel waiting…', ['PENDING', 'RETRY']),
  ]
}
