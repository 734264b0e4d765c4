import { createHash } from 'node:crypto'
import type { Page } from './page.ts'
import type { Drawn } from './responses.ts'

/** A page as it was a moment ago, for all who look at it. */
interface SharedPage {
  /** Another when the page would look different. */
  readonly digest: string
  /** Drawn when it is first asked for. */
  readonly drawn: () => Drawn
}

interface SharedPagesDeps {
  readonly pageAt: (url: URL) => Promise<Page>
  readonly draw: (page: Page) => Drawn
  /** Milliseconds of a clock that does not jump. */
  readonly elapsed: () => number
}

interface Entry {
  readonly page: Promise<SharedPage>
  /** When it is made anew for who asks then; never before it is there. */
  staleAt: number
}

/** How long a page is shown again at least, and at most. */
const [shortestMs, longestMs] = [130, 15_000]
/** Making a page may take one part in so many of the time that it is shown. */
const share = 20

export interface SharedPages {
  /** As it is at this moment. */
  readonly anew: (url: URL) => Promise<SharedPage>
  /** Made once for all who ask at about the same time. */
  readonly at: (url: URL) => Promise<SharedPage>
}

/** The pages of addresses. Both reject as `pageAt` does. */
export function createSharedPages({ pageAt, draw, elapsed }: SharedPagesDeps): SharedPages {
  const entries = new Map<string, Entry>()
  const make = async (url: URL): Promise<SharedPage> => {
    const page = await pageAt(url)
    let drawn: Drawn | undefined
    return {
      digest: createHash('sha256').update(JSON.stringify(page.view)).digest('base64'),
      drawn: () => {
        drawn ??= draw(page)
        return drawn
      },
    }
  }
  const begin = (url: URL): Entry => {
    const startedAt = elapsed()
    for (const [address, { staleAt }] of entries) if (staleAt <= startedAt) entries.delete(address)
    const entry: Entry = { page: make(url), staleAt: Number.POSITIVE_INFINITY }
    entries.set(url.href, entry)
    const age = () => {
      const now = elapsed()
      entry.staleAt = now + Math.min(longestMs, Math.max(shortestMs, (now - startedAt) * share))
    }
    entry.page.then(age, () => {
      if (entries.get(url.href) === entry) entries.delete(url.href)
    })
    return entry
  }
  return {
    anew: (url) => begin(url).page,
    at: (url) => {
      const known = entries.get(url.href)
      return (known && elapsed() < known.staleAt ? known : begin(url)).page
    },
  }
}
