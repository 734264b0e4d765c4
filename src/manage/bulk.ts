import type { Delivery, DeliveryId } from '../domain/delivery.ts'
import type { DeliveryFilter } from '../domain/delivery-filter.ts'
import { Failure } from '../domain/error.ts'
import type { DoorStore } from '../domain/ports.ts'
import { type CancelDeps, cancelDelivery, type RetryDeps, retryDelivery } from './deliveries.ts'

/** A filter without its place in the list. */
export type DeliverySelection = Omit<DeliveryFilter, 'limit' | 'after' | 'oldestFirst'>

/** What came of acting on many. */
export interface BulkResult {
  /** That the filter found. */
  readonly found: number
  readonly done: number
  /** Those that could not be, by the code of the refusal: another was faster, one is under way, a session is over. */
  readonly refused: Readonly<Record<string, number>>
}

/**
 * What of a selection can be retried, oldest first. `failedUntil` (Unix milliseconds) leaves out what failed later: what somebody
 * else has retried since the selection was looked at, and failed again.
 */
export async function findRetryable(
  store: Lists,
  filter: DeliverySelection,
  failedUntil = Number.POSITIVE_INFINITY,
): Promise<readonly Delivery[]> {
  if (!isAmong(filter, ['FAILED'])) return none
  const found = await listAll(store, { ...filter, state: 'FAILED' })
  return found.filter(({ settledAt = 0 }) => settledAt <= failedUntil)
}

/** What of a selection can be cancelled, oldest first. */
export const findCancellable = (store: Lists, filter: DeliverySelection): Promise<readonly Delivery[]> =>
  isAmong(filter, ['PENDING', 'RETRY']) ? listAll(store, { ...filter, unfinished: true }) : none

/** Each as `retryDelivery` does; one that cannot be keeps no other from it. */
export const retryDeliveries = (deps: RetryDeps, found: readonly Delivery[]): Promise<BulkResult> =>
  forAll(found, (id) => retryDelivery(deps, id))

/** Each as `cancelDelivery` does; one that cannot be keeps no other from it. */
export const cancelDeliveries = (deps: CancelDeps, found: readonly Delivery[]): Promise<BulkResult> =>
  forAll(found, (id) => cancelDelivery(deps, id))

/** Runs acts one after another, each when the one before is over, however that ended. */
export function oneAfterAnother(): <T>(act: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (act) => {
    const mine = last.then(act, act)
    last = mine.catch(() => {})
    return mine
  }
}

type Lists = Pick<DoorStore, 'listDeliveries'>

const none: Promise<readonly Delivery[]> = Promise.resolve([])

const isAmong = ({ state }: DeliverySelection, wanted: readonly Delivery['state'][]): boolean =>
  state === undefined || wanted.includes(state)

/** As many share a transaction: one after another they would wait for the disk each. */
const actsAtOnce = 100

async function forAll(
  found: readonly Delivery[],
  act: (id: DeliveryId) => Promise<unknown>,
): Promise<BulkResult> {
  let done = 0
  const refused: Record<string, number> = {}
  for (let from = 0; from < found.length; from += actsAtOnce) {
    const acts = found.slice(from, from + actsAtOnce).map(({ id }) => act(id))
    for (const result of await Promise.allSettled(acts))
      if (result.status === 'fulfilled') done += 1
      else {
        const code = refusalIn(result.reason)
        refused[code] = (refused[code] ?? 0) + 1
      }
  }
  return { found: found.length, done, refused }
}

/** The code of a refusal of that one delivery; throws what keeps all of them from it. */
function refusalIn(thrown: unknown): string {
  if (!(thrown instanceof Failure) || thrown.code === 'store_unavailable') throw thrown
  return thrown.code
}

const pageSize = 1000

/** The whole list, a page at a time; what is changed meanwhile moves no place in it. */
async function listAll(store: Lists, filter: DeliverySelection): Promise<readonly Delivery[]> {
  const found: Delivery[] = []
  for (let page: readonly Delivery[]; ; ) {
    const after = found.at(-1)?.seq
    page = await store.listDeliveries({
      ...filter,
      ...(after !== undefined && { after }),
      oldestFirst: true,
      limit: pageSize,
    })
    found.push(...page)
    if (page.length < pageSize) return found
  }
}
