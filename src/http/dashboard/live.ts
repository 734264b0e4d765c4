import { setTimeout as delay } from 'node:timers/promises'

export interface Live {
  /** What the page shows now, as one text; asked again and again. */
  readonly contents: () => Promise<string>
  /** False once the reader must not or need not hear more. */
  readonly wanted: () => boolean
  readonly signal: AbortSignal
}

/** How often a page is looked at again, at best, and how rarely at worst. */
const [quickestMs, slowestMs] = [300, 15_000]
/** A look may take this part of the time between two looks. */
const share = 20
/** Something is sent at least so often, so that no proxy takes the silence for death. */
const heartbeatMs = 15_000

/** Server-sent events (HTML Living Standard, section 9.2): `changed` whenever the page would look different. */
export function liveStream(live: Live): Response {
  const left = new AbortController()
  const over = AbortSignal.any([live.signal, left.signal])
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => controller.enqueue(encoder.encode(text))
      void follow(live, over, send).finally(() => close(controller))
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
async function follow(live: Live, over: AbortSignal, send: (text: string) => void): Promise<void> {
  try {
    let seen = await live.contents()
    let sentAt = performance.now()
    let pauseMs = quickestMs
    // The page was made a moment before: it may be behind already.
    send('retry: 1000\nevent: changed\ndata:\n\n')
    for (;;) {
      await delay(pauseMs, undefined, { signal: over })
      if (!live.wanted()) return
      const lookedAt = performance.now()
      const now = await live.contents()
      pauseMs = pauseAfter(performance.now() - lookedAt)
      const word = now !== seen ? 'event: changed\ndata:\n\n' : lookedAt - sentAt > heartbeatMs ? ':\n\n' : ''
      if (word !== '') {
        send(word)
        sentAt = lookedAt
      }
      seen = now
    }
  } catch {
    // Gone, or the store is: nothing to say any more.
  }
}

const pauseAfter = (tookMs: number): number => Math.min(slowestMs, Math.max(quickestMs, tookMs * share))

function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close()
  } catch {
    // The reader had closed it.
  }
}
