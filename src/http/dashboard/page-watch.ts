import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../domain/error.ts'

/** `lost`: it cannot be looked at any more. */
export type PageNews = 'changed' | 'gone' | 'lost'

/**
 * Follows a page until the returned function is called. The first news comes at once or after the first look: what was shown a
 * moment before may be behind already.
 */
export type PageWatch = (url: URL, onNews: (news: PageNews) => void) => () => void

interface Followed {
  readonly followers: Set<(news: PageNews) => void>
  readonly over: AbortController
  /** Of the last look that saw a change. */
  news: PageNews | undefined
}

interface PageWatchDeps {
  /** Another one when the page would look different; it throws `not_found` for what is no page any more. */
  readonly digest: (url: URL) => Promise<string>
  /** Another number whenever the store has changed. */
  readonly commits: () => Promise<number>
  /** Milliseconds of a clock that does not jump. */
  readonly elapsed: () => number
}

/** How often the store is asked whether it changed, and a page looked at, at best; and a page while the store stays as it is. */
const [quickestMs, quietMs] = [50, 500]
/** A page that changes all the time is looked at more and more rarely, down to once in so many milliseconds. */
const restlessMs = 1200
/** Looks may take one part in so many of the time; none puts the next one off by more than so long. */
const [share, slowestMs] = [20, 15_000]
/** So much of that time may be taken in advance, to show soon what has changed after a quiet while. */
const aheadMs = 10_000

/**
 * Looks at each page once for all who follow it: when the store has changed, and rarer where it has not, because agents and
 * clocks change a page, too.
 */
export function createPageWatch(deps: PageWatchDeps): PageWatch {
  const pages = new Map<string, Followed>()
  const begin = (url: URL): Followed => {
    const page: Followed = { followers: new Set(), over: new AbortController(), news: undefined }
    pages.set(url.href, page)
    void look(deps, url, page).finally(() => forget(url, page))
    return page
  }
  const forget = ({ href }: URL, page: Followed) => {
    if (pages.get(href) === page) pages.delete(href)
  }
  return (url, onNews) => {
    const page = pages.get(url.href) ?? begin(url)
    page.followers.add(onNews)
    if (page.news) onNews(page.news)
    return () => {
      page.followers.delete(onNews)
      if (page.followers.size > 0) return
      page.over.abort()
      forget(url, page)
    }
  }
}

/** Never rejects. */
async function look({ digest, commits, elapsed }: PageWatchDeps, url: URL, page: Followed): Promise<void> {
  const { signal } = page.over
  const publish = (news: PageNews) => {
    page.news = news
    for (const onNews of page.followers) onNews(news)
  }
  try {
    let [leastMs, paidAt] = [quickestMs, elapsed()]
    for (let seen: string | undefined; !signal.aborted; ) {
      const startedAt = elapsed()
      const state = await commits()
      const shown = await digest(url).catch(undefinedWhenGone)
      const changed = page.news === undefined || shown !== seen
      if (changed) publish(shown === undefined ? 'gone' : 'changed')
      seen = shown
      leastMs = changed ? Math.min(leastMs * 2, restlessMs) : quickestMs
      const costMs = Math.min(slowestMs, (elapsed() - startedAt) * share)
      paidAt = Math.max(paidAt, startedAt) + costMs
      const dueAt = elapsed() + Math.max(quietMs, costMs)
      await delay(leastMs, undefined, { signal })
      while (elapsed() < dueAt) {
        if (elapsed() >= paidAt - aheadMs && (await commits()) !== state) break
        await delay(quickestMs, undefined, { signal })
      }
    }
  } catch {
    // Nobody follows it any more, or the store is closed.
    publish('lost')
  }
}

function undefinedWhenGone(thrown: unknown): undefined {
  if (!(thrown instanceof Failure && thrown.code === 'not_found')) throw thrown
}
