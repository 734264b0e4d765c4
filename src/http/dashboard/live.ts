import type { PageNews, PageWatch } from './page-watch.ts'

interface LiveDeps {
  /** Addresses of the pages that one browser has open. */
  readonly pages: readonly string[]
  readonly origin: string
  /** False once the browser must not or need not get more. */
  readonly wanted: () => boolean
  readonly signal: AbortSignal
}

/** A stream says something at most once in so long. */
const restMs = 300
/** That for each stream that is open: what has changed is fetched again by all of them, and not in the same moment. */
const [restPerStreamMs, spreadPerStreamMs] = [20, 2]
/** How often a silent stream looks whether it is wanted. */
const tickMs = 500
/** A comment is sent at least so often, so that no proxy closes an idle stream. */
const heartbeatMs = 15_000

/**
 * Server-sent events (HTML Living Standard, section 9.2): `changed` with the address of a page whenever it would look
 * different, `gone` when there is no such page any more. The more streams are open, the rarer each of them speaks.
 */
export function createLiveStreams(watch: PageWatch): (live: LiveDeps) => Response {
  let streams = 0
  return (live) => {
    streams += 1
    return liveStream(
      watch,
      live,
      () => streams,
      () => {
        streams -= 1
      },
    )
  }
}

function liveStream(watch: PageWatch, live: LiveDeps, streams: () => number, ended: () => void): Response {
  const left = new AbortController()
  const over = AbortSignal.any([live.signal, left.signal])
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => controller.enqueue(encoder.encode(text))
      void follow(watch, { ...live, signal: over }, streams, send).finally(() => {
        ended()
        close(controller)
      })
    },
    cancel: () => left.abort(),
  })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    },
  })
}

/** Never rejects: a stream that cannot go on ends, and the browser asks again. */
async function follow(
  watch: PageWatch,
  { pages, origin, wanted, signal }: LiveDeps,
  streams: () => number,
  send: (text: string) => void,
): Promise<void> {
  const news = new Map<string, PageNews>()
  const nap = createNap(signal)
  const followed = pages.map((page) =>
    watch(new URL(page, origin), (what) => {
      const first = news.size === 0
      news.set(page, what)
      if (first) nap.wake()
    }),
  )
  try {
    send('retry: 1000\n\n')
    let sentAt = performance.now()
    let restedAt = sentAt
    for (;;) {
      if (news.size === 0) await nap.take(tickMs)
      if (news.size > 0) await nap.take(Math.max(spread(streams()), restedAt - performance.now()))
      if (signal.aborted || !wanted() || [...news.values()].includes('lost')) return
      const now = performance.now()
      if (news.size === 0 && now - sentAt < heartbeatMs) continue
      send(news.size === 0 ? ':\n\n' : eventsOf(news))
      news.clear()
      sentAt = now
      restedAt = now + rest(streams())
    }
  } catch {
    // The browser is gone.
  } finally {
    for (const stop of followed) stop()
  }
}

const spread = (streams: number): number => streams * spreadPerStreamMs * Math.random()

const rest = (streams: number): number =>
  Math.max(restMs, streams * restPerStreamMs * (0.75 + Math.random() / 2))

const eventsOf = (news: ReadonlyMap<string, PageNews>): string =>
  [...news].map(([page, what]) => `event: ${what}\ndata: ${page}\n\n`).join('')

/** A pause that can be cut short, one at a time. */
function createNap(signal: AbortSignal) {
  let wake = () => {}
  signal.addEventListener('abort', () => wake())
  return {
    wake: () => wake(),
    take: (ms: number): Promise<void> =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, signal.aborted ? 0 : ms)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      }),
  }
}

function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close()
  } catch {
    // The reader had closed it.
  }
}
