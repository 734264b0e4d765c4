import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../domain/error.ts'

interface LiveDeps {
  /** Addresses of the pages that one browser has open. */
  readonly pages: readonly string[]
  /** What a page shows now, in one text; asked again and again. Throws `not_found` for what is no page any more. */
  readonly contents: (page: string) => Promise<string>
  /** False once the browser must not or need not get more. */
  readonly wanted: () => boolean
  readonly signal: AbortSignal
}

/** How often the pages are checked again, at best, and how rarely at worst. */
const [quickestMs, slowestMs] = [300, 15_000]
/** A check may take one part in so many of the time between two checks. */
const share = 20
/** Of the time between two checks for each stream that is open: what has changed is fetched again by all of them. */
const perStreamMs = 5
/** A comment is sent at least so often, so that no proxy closes an idle stream. */
const heartbeatMs = 15_000

/**
 * Server-sent events (HTML Living Standard, section 9.2): `changed` with the address of a page whenever it would look
 * different, `gone` when there is no such page any more. The more streams are open, the rarer each of them looks.
 */
export function createLiveStreams(): (live: LiveDeps) => Response {
  let streams = 0
  return (live) => {
    streams += 1
    return liveStream(
      live,
      () => streams * perStreamMs,
      () => {
        streams -= 1
      },
    )
  }
}

function liveStream(live: LiveDeps, leastMs: () => number, ended: () => void): Response {
  const left = new AbortController()
  const over = AbortSignal.any([live.signal, left.signal])
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => controller.enqueue(encoder.encode(text))
      void follow(live, over, leastMs, send).finally(() => {
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
  live: LiveDeps,
  over: AbortSignal,
  leastMs: () => number,
  send: (text: string) => void,
): Promise<void> {
  try {
    const check = createCheck(live)
    // The pages were made a moment before: they may be behind already.
    send(`retry: 1000\n\n${await check()}`)
    let sentAt = performance.now()
    let pauseMs = quickestMs
    for (;;) {
      await delay(Math.max(pauseMs, leastMs()), undefined, { signal: over })
      if (!live.wanted()) return
      const checkedAt = performance.now()
      const events = await check()
      pauseMs = pauseAfter(performance.now() - checkedAt)
      const text = events === '' && checkedAt - sentAt > heartbeatMs ? ':\n\n' : events
      if (text === '') continue
      send(text)
      sentAt = checkedAt
    }
  } catch {
    // The browser is gone, or the store is closed.
  }
}

/** Each check gives the events for what has changed since the one before. */
function createCheck({ pages, contents }: LiveDeps): () => Promise<string> {
  const seen = new Map<string, string | undefined>()
  return async () => {
    let events = ''
    for (const page of pages) {
      const now = await contents(page).catch(undefinedWhenGone)
      if (!seen.has(page) || now !== seen.get(page))
        events += `event: ${now === undefined ? 'gone' : 'changed'}\ndata: ${page}\n\n`
      seen.set(page, now)
    }
    return events
  }
}

function undefinedWhenGone(thrown: unknown): undefined {
  if (!(thrown instanceof Failure && thrown.code === 'not_found')) throw thrown
}

const pauseAfter = (tookMs: number): number => Math.min(slowestMs, Math.max(quickestMs, tookMs * share))

function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close()
  } catch {
    // The reader had closed it.
  }
}
