import { Failure } from '../../domain/error.ts'
import { type BeginWork, during } from '../loop-watch.ts'
import { bulkPage, isBulkAct } from './bulk.ts'
import { channelsPage, type FreshUrl } from './channels.ts'
import { createChart } from './chart.ts'
import { deliveriesPage } from './deliveries.ts'
import { deliveryPage } from './delivery/page.ts'
import { hookPage, hooksPage } from './hooks.ts'
import { withNeeds } from './needs.ts'
import type { Page } from './page.ts'
import { type RefusedDeps, refusedPage } from './refused.ts'
import { type SessionPageDeps, sessionPage } from './session.ts'
import { sessionsPage } from './sessions.ts'

export interface FinderDeps extends SessionPageDeps, RefusedDeps {
  /** Unguessable, for the fence of one message. */
  readonly nonce: () => string
  /** Where the server is reached from outside, if that is configured. */
  readonly publicUrl: () => string | undefined
  readonly begin: BeginWork
}

export type PageAt = (url: URL, fresh?: FreshUrl) => Promise<Page>

/** The page an address shows; `fresh` stands on that of the channels. Throws `not_found`. */
export function createPageFinder(deps: FinderDeps): PageAt {
  const history = createChart(deps)
  const find: PageAt = async (url, fresh) => {
    const [, , place, name, ...rest] = url.pathname.split('/').map(decoded)
    if (rest.length > 0) throw nothingThere()
    if (place === undefined) return deliveriesPage(deps, history, url)
    if (place === 'deliveries' && name !== undefined) return deliveryPage(deps, name, url.searchParams)
    if (place === 'bulk' && isBulkAct(name)) return bulkPage(deps, name, url)
    if (place === 'hooks' && name !== undefined)
      return hookPage(deps, name, { nonce: deps.nonce(), base: baseOf(deps, url) })
    if (place === 'sessions' && name !== undefined) return sessionPage(deps, name)
    if (place === 'channels') return channelsPage(deps, url.searchParams, fresh)
    if (place === 'refused') return refusedPage(deps)
    if (place === 'sessions') return sessionsPage(deps)
    if (place === 'hooks') return hooksPage(deps)
    throw nothingThere()
  }
  return (url, fresh) =>
    during(deps.begin, 'dashboard', async () => {
      const [page, decisions, activities, pauses] = await Promise.all([
        find(url, fresh),
        deps.decisions(),
        deps.activities(),
        deps.store.listPauses(),
      ])
      return withNeeds(page, { decisions, activities, pauses })
    })
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw nothingThere()
  }
}

export const nothingThere = (): Failure => new Failure('not_found', 'There is no such page.')

/** Where senders find this server. The Host was checked before: it is one of ours. */
export const baseOf = ({ publicUrl }: Pick<FinderDeps, 'publicUrl'>, { origin }: URL): string =>
  publicUrl() ?? origin
