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

/** How often a page is looked at, at best, and how rarely at worst. */
const [quickestMs, slowestMs] = [150, 15_000]
/** A page that changes all the time is looked at more and more rarely, down to once in so many milliseconds. */
const restlessMs = 1200
/** A look may take one part in so many of the time between two looks. */
const share = 20

/**
 * Looks at each page once for all who follow it. `digest` is another one when the page would look different; it throws
 * `not_found` for what is no page any more.
 */
export function createPageWatch(digest: (url: URL) => Promise<string>): PageWatch {
  const pages = new Map<string, Followed>()
  const begin = (url: URL): Followed => {
    const page: Followed = { followers: new Set(), over: new AbortController(), news: undefined }
    pages.set(url.href, page)
    void look(() => digest(url), page).finally(() => forget(url, page))
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
async function look(digest: () => Promise<string>, page: Followed): Promise<void> {
  const { signal } = page.over
  const tell = (news: PageNews) => {
    page.news = news
    for (const onNews of page.followers) onNews(news)
  }
  try {
    let leastMs = quickestMs
    for (let seen: string | undefined; !signal.aborted; ) {
      const startedAt = performance.now()
      const shown = await digest().catch(undefinedWhenGone)
      const changed = page.news === undefined || shown !== seen
      if (changed) tell(shown === undefined ? 'gone' : 'changed')
      seen = shown
      leastMs = changed ? Math.min(leastMs * 2, restlessMs) : quickestMs
      await delay(pauseAfter(performance.now() - startedAt, leastMs), undefined, { signal })
    }
  } catch {
    // Nobody follows it any more, or the store is closed.
    tell('lost')
  }
}

function undefinedWhenGone(thrown: unknown): undefined {
  if (!(thrown instanceof Failure && thrown.code === 'not_found')) throw thrown
}

const pauseAfter = (tookMs: number, leastMs: number): number =>
  Math.min(slowestMs, Math.max(leastMs, tookMs * share))
