import { Buffer } from 'node:buffer'
import { Failure } from '../../domain/error.ts'
import { type BeginWork, during } from '../loop-watch.ts'
import { bulkPage, isBulkAct } from './bulk.ts'
import { channelsPage, type FreshUrl } from './channels.ts'
import { createHistories } from './chart/chart.ts'
import { deliveriesPage } from './deliveries.ts'
import { deliveryPage } from './delivery/page.ts'
import type { Answered } from './hook/answered.ts'
import { createLastKnocks } from './hook/last-knocks.ts'
import { hookPage } from './hook/page.ts'
import { hooksPage } from './hooks.ts'
import { withNeeds } from './needs.ts'
import type { Page } from './page.ts'
import { type RefusedDeps, refusedPage } from './refused.ts'
import { type SessionPageDeps, sessionPage } from './session.ts'
import { sessionsPage } from './sessions.ts'
import { type SettingsDeps, settingsPage } from './settings.ts'

export interface FinderDeps extends SessionPageDeps, RefusedDeps, SettingsDeps {
  /** Unguessable, for the fence of one message. */
  readonly nonce: () => string
  /** Where the server is reached from outside, if that is configured. */
  readonly publicUrl: () => string | undefined
  readonly begin: BeginWork
}

/** What a page shows to one login alone. */
export interface OwnParts {
  /** On the page of the channels. */
  readonly fresh?: FreshUrl | undefined
  /** On the page of its hook, where the address tells of it. */
  readonly answered?: Answered | undefined
}

export type PageAt = (url: URL, own?: OwnParts) => Promise<Page>

/** The page an address shows. Throws `not_found`. */
export function createPageFinder(deps: FinderDeps): PageAt {
  const histories = createHistories(deps)
  const lastKnocks = createLastKnocks(deps)
  const secret = () => Buffer.from(deps.nonce() + deps.nonce(), 'hex').toString('base64url')
  const find: PageAt = async (url, { fresh, answered } = {}) => {
    const [, , place, name, ...rest] = url.pathname.split('/').map(decoded)
    if (rest.length > 0) throw nothingThere()
    if (place === undefined) return deliveriesPage(deps, histories, url)
    if (place === 'deliveries' && name !== undefined) return deliveryPage(deps, name, url.searchParams)
    if (place === 'bulk' && isBulkAct(name)) return bulkPage(deps, name, url)
    if (place === 'hooks' && name !== undefined)
      return hookPage(deps, name, {
        ...{ nonce: deps.nonce(), base: baseOf(deps, url), sent: url.searchParams.get('sent') },
        answered: answeredHere(answered, name, url),
      })
    if (place === 'sessions' && name !== undefined) return sessionPage(deps, name)
    if (name !== undefined) throw nothingThere()
    if (place === 'channels') return channelsPage(deps, url.searchParams, fresh)
    if (place === 'refused') return refusedPage(deps)
    if (place === 'sessions') return sessionsPage(deps, url.searchParams)
    if (place === 'hooks') return hooksPage(deps, lastKnocks, secret)
    if (place === 'settings') return settingsPage(deps)
    throw nothingThere()
  }
  return (url, own) =>
    during(deps.begin, 'dashboard', async () => {
      const [page, decisions, activities, pauses] = await Promise.all([
        find(url, own),
        deps.decisions(),
        deps.activities(),
        deps.store.listPauses(),
      ])
      return withNeeds(page, { decisions, activities, pauses })
    })
}

/** The last test of a login, where the address is the one that it led to. */
const answeredHere = (answered: Answered | undefined, hook: string, { searchParams }: URL) =>
  answered?.hook === hook && answered.sent === searchParams.get('sent') ? answered : undefined

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
