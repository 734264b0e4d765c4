import { Failure } from '../../domain/error.ts'
import type { GrantId } from '../../domain/grant.ts'
import { momentOf } from '../../domain/moment.ts'
import type { DeliverySelection } from '../../manage/bulk.ts'
import { filterOf } from '../routes/deliveries.ts'
import type { PageDeps } from './page.ts'

/** What the address of the list of deliveries asks for. */
export interface DeliveryQuery {
  /** The filter as it stands in addresses and forms: what is not empty, in a fixed order. */
  readonly params: URLSearchParams
  /** Undefined when it cannot be followed; `problem` says why, for people. */
  readonly selection: DeliverySelection | undefined
  readonly problem: string | null
}

/** Of an address: what filters. */
const filterNames = ['state', 'session', 'hook', 'grant', 'failedStep', 'text', 'since', 'until'] as const

/** Empty fields of a form ask for nothing. */
export function only(query: URLSearchParams, ...names: readonly string[]): URLSearchParams {
  const given = names.map((name): [string, string] => [name, (query.get(name) ?? '').trim()])
  return new URLSearchParams(given.filter(([, value]) => value !== ''))
}

/** Reads the filter of an address or a form. A grant goes by its id, the beginning of that, or its label. */
export async function readQuery(
  deps: Pick<PageDeps, 'store' | 'now'>,
  query: URLSearchParams,
): Promise<DeliveryQuery> {
  const params = only(query, ...filterNames)
  try {
    return { params, selection: await selectionOf(deps, params), problem: null }
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.code === 'store_unavailable') throw thrown
    return { params, selection: undefined, problem: thrown.message }
  }
}

async function selectionOf(
  { store, now }: Pick<PageDeps, 'store' | 'now'>,
  params: URLSearchParams,
): Promise<DeliverySelection> {
  const { grant, text = '', since, until, ...plain } = Object.fromEntries(params)
  const { limit: _, ...selection } = filterOf({
    ...plain,
    ...(since && { since: isoOf('Since', since, now()) }),
    ...(until && { until: isoOf('Until', until, now()) }),
  })
  return {
    ...selection,
    ...(/^whd_[0-9A-Za-z]{8,24}$/.test(text) ? { idPrefix: text } : text && { text }),
    ...(grant && { grant: await grantNamed(store, grant) }),
  }
}

function isoOf(name: string, text: string, now: number): string {
  const at = momentOf(text, now)
  if (at !== undefined) return new Date(at).toISOString()
  throw new Failure(
    'unprocessable',
    `“${name}” is how long ago, such as 2h or 7d, or a date such as 2026-11-22 or 2026-11-22T10:00Z, not “${text}”.`,
  )
}

/** What is no id, nor the beginning of one, is a label. Of several with one label the newest are named. */
async function grantNamed(store: PageDeps['store'], text: string): Promise<GrantId> {
  if (/^[0-9a-f]{16}$/.test(text)) return text as GrantId
  const begun = /^[0-9a-f]{4,15}$/.test(text) ? await store.listGrants({ idPrefix: text }) : []
  const named = begun.length > 0 ? begun : await labelled(store, text)
  const [grant, other] = named
  if (!grant) throw new Failure('unprocessable', `There is no grant with the id or label “${text}”.`)
  if (other)
    throw new Failure(
      'ambiguous',
      `${named.length} grants are called “${text}”. Give the id of one: ${named
        .slice(-5)
        .reverse()
        .map(({ id }) => id)
        .join(', ')}${named.length > 5 ? ' …' : ''}.`,
    )
  return grant.id
}

async function labelled(store: PageDeps['store'], text: string) {
  const wanted = text.toLowerCase()
  return (await store.listGrants({})).filter(({ label }) => label?.toLowerCase() === wanted)
}

export function without(query: URLSearchParams, ...names: readonly string[]): URLSearchParams {
  return new URLSearchParams([...query].filter(([name]) => !names.includes(name)))
}

/** A value of null takes the name away. */
export function withOne(query: URLSearchParams, name: string, value: string | null): URLSearchParams {
  const others = [...without(query, name)]
  return new URLSearchParams(value === null ? others : [...others, [name, value]])
}

export const addressOf = (query: URLSearchParams): string =>
  query.size === 0 ? '/dashboard' : `/dashboard?${query}`
