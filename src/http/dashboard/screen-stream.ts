import { Failure } from '../../domain/error.ts'
import { changeBetween, looksSame, type ScreenSnapshot } from '../../domain/screen-snapshot.ts'
import type { ScreenFollower } from '../../manage/screens.ts'
import { lineHtml } from './screen-html.ts'

interface ScreenStreamDeps {
  /** Follows the screen until the returned function is called. */
  readonly follow: (follower: ScreenFollower) => () => void
  /** False once the browser must not or need not get more. */
  readonly wanted: () => boolean
  readonly signal: AbortSignal
}

/** After each event; also what a stream, and all streams together, may send in a second. */
const restMs = 200
const [bytesPerSecond, bytesPerSecondOfAll] = [262_144, 4_194_304]
/** How many may look at the same time, at whatever screens. */
const mostStreams = 128
/** How often a silent stream looks whether it is wanted. */
const tickMs = 500
const heartbeatMs = 15_000

/**
 * The screen of a session as server-sent events: `screen` with what is different, at most five times a second and the rarer the
 * more there is to send, and `over` with why there is nothing to see any more. What changes meanwhile becomes one event. Throws
 * `rate_limited` where too many look.
 */
export function createScreenStreams(): (deps: ScreenStreamDeps) => Response {
  let streams = 0
  return (deps) => {
    if (streams >= mostStreams)
      throw new Failure('rate_limited', 'Too many screens are being looked at.', { retryAfterMs: 5000 })
    streams += 1
    return screenStream(
      deps,
      () => streams,
      () => {
        streams -= 1
      },
    )
  }
}

function screenStream(deps: ScreenStreamDeps, streams: () => number, ended: () => void): Response {
  const left = new AbortController()
  const encoder = new TextEncoder()
  const taken = createBell()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const out: Out = {
        signal: AbortSignal.any([deps.signal, left.signal]),
        send: (text) => {
          const bytes = encoder.encode(text)
          controller.enqueue(bytes)
          return bytes.length
        },
        isFull: () => (controller.desiredSize ?? 0) <= 0,
        taken,
        streams,
      }
      void streamScreens(deps, out).finally(() => {
        ended()
        close(controller)
      })
    },
    pull: () => taken.ring(),
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

interface Out {
  readonly signal: AbortSignal
  /** How many bytes that were. */
  readonly send: (text: string) => number
  /** The browser has not taken what it was sent last. */
  readonly isFull: () => boolean
  readonly taken: Bell
  readonly streams: () => number
}

/** Never rejects: a stream that cannot go on ends, and the browser asks again. */
async function streamScreens({ follow, wanted }: ScreenStreamDeps, out: Out): Promise<void> {
  let now: ScreenSnapshot | undefined
  let seen: ScreenSnapshot | undefined
  let why: string | undefined
  const news = createBell()
  out.signal.addEventListener('abort', news.ring)
  const leave = follow({
    show: (screen) => {
      now = screen
      news.ring()
    },
    over: (reason) => {
      why = reason
      news.ring()
    },
  })
  try {
    out.send('retry: 2000\n\n')
    for (let sentAt = performance.now(); ; ) {
      if (out.signal.aborted || !wanted()) return
      if (out.isFull()) await out.taken.heard(tickMs)
      else if (now && !(seen && looksSame(seen, now))) {
        const bytes = out.send(screenEvent(seen, now))
        seen = now
        sentAt = performance.now()
        await rest(restAfter(bytes, out.streams()), out.signal, wanted)
      } else if (why !== undefined) {
        out.send(`event: over\ndata: ${JSON.stringify(why)}\n\n`)
        return
      } else {
        await news.heard(tickMs)
        if (performance.now() - sentAt < heartbeatMs) continue
        out.send(':\n\n')
        sentAt = performance.now()
      }
    }
  } catch {
    // The browser is gone.
  } finally {
    leave()
  }
}

function screenEvent(seen: ScreenSnapshot | undefined, now: ScreenSnapshot): string {
  const { lines, ...rest } = changeBetween(seen, now)
  const html = Object.fromEntries(Object.entries(lines).map(([row, line]) => [row, lineHtml(line)]))
  return `event: screen\ndata: ${JSON.stringify({ ...rest, whole: seen === undefined, lines: html })}\n\n`
}

/** How long a stream is silent after an event of so many bytes. */
export const restAfter = (bytes: number, streams: number): number =>
  Math.max(restMs, (bytes / bytesPerSecond) * 1000, ((bytes * streams) / bytesPerSecondOfAll) * 1000)

/** A long rest ends early where nobody wants more. */
async function rest(ms: number, signal: AbortSignal, wanted: () => boolean): Promise<void> {
  const silence = createBell()
  signal.addEventListener('abort', silence.ring, { once: true })
  for (let left = ms; left > 0 && !signal.aborted && wanted(); left -= tickMs)
    await silence.heard(Math.min(left, tickMs))
  signal.removeEventListener('abort', silence.ring)
}

interface Bell {
  readonly ring: () => void
  /** Resolves when it rings, has rung since it was heard last, or after so long. One listens at a time. */
  readonly heard: (ms: number) => Promise<void>
}

function createBell(): Bell {
  let rung = false
  let wake = () => {}
  return {
    ring: () => {
      rung = true
      wake()
    },
    heard: (ms) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer)
          rung = false
          wake = () => {}
          resolve()
        }
        const timer = setTimeout(done, rung ? 0 : ms)
        wake = done
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
