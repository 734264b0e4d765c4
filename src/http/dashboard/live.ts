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
/** How often each stream looks whether it is wanted; together they do so a tenth of them at a time. */
const [roundMs, parts] = [500, 10]
/** A comment is sent at least so often, so that no proxy closes an idle stream. */
const heartbeatMs = 15_000

/**
 * Server-sent events (HTML Living Standard, section 9.2): `changed` with the address of a page whenever it would look
 * different, `gone` when there is no such page any more. The more streams are open, the rarer each of them speaks.
 */
export function createLiveStreams(watch: PageWatch): (live: LiveDeps) => Response {
  const rounds = createRounds()
  return (live) => {
    const left = new AbortController()
    const signal = AbortSignal.any([live.signal, left.signal])
    const encoder = new TextEncoder()
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const send = (text: string) => controller.enqueue(encoder.encode(text))
        void follow(watch, { ...live, signal }, rounds, send).finally(() => close(controller))
      },
      cancel: () => left.abort(),
    })
    return new Response(body, { headers: streamHeaders })
  }
}

const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
}

/** Never rejects: a stream that cannot go on ends, and the browser asks again. */
async function follow(
  watch: PageWatch,
  { pages, origin, wanted, signal }: LiveDeps,
  rounds: Rounds,
  send: (text: string) => void,
): Promise<void> {
  const news = new Map<string, PageNews>()
  const nap = createNap(signal)
  let sentAt = performance.now()
  let restedAt = sentAt
  const isOver = () => signal.aborted || !wanted()
  const isSilent = () => performance.now() - sentAt >= heartbeatMs
  const leave = rounds.join(() => {
    if (isOver() || isSilent()) nap.wake()
  })
  const followed = pages.map((page) =>
    watch(new URL(page, origin), (what) => {
      const first = news.size === 0
      news.set(page, what)
      if (first) nap.wake()
    }),
  )
  try {
    send('retry: 1000\n\n')
    for (;;) {
      if (news.size === 0) await nap.take()
      if (news.size > 0) await nap.take(Math.max(spread(rounds.size()), restedAt - performance.now()))
      if (isOver() || [...news.values()].includes('lost')) return
      if (news.size === 0 && !isSilent()) continue
      send(news.size === 0 ? ':\n\n' : eventsOf(news))
      news.clear()
      sentAt = performance.now()
      restedAt = sentAt + rest(rounds.size())
    }
  } catch {
    // The browser is gone.
  } finally {
    leave()
    for (const stop of followed) stop()
  }
}

const spread = (streams: number): number => streams * spreadPerStreamMs * Math.random()

const rest = (streams: number): number =>
  Math.max(restMs, streams * restPerStreamMs * (0.75 + Math.random() / 2))

const eventsOf = (news: ReadonlyMap<string, PageNews>): string =>
  [...news].map(([page, what]) => `event: ${what}\ndata: ${page}\n\n`).join('')

/** A pause that can be cut short, one at a time; without a length it lasts until then. */
function createNap(signal: AbortSignal) {
  let wake = () => {}
  signal.addEventListener('abort', () => wake())
  return {
    wake: () => wake(),
    take: (ms?: number): Promise<void> =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve()
        const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      }),
  }
}

/** Hundreds of timers would cost more than what they call. */
interface Rounds {
  /** `look` is called about once in `roundMs`, until the returned function is. */
  join(look: () => void): () => void
  readonly size: () => number
}

function createRounds(): Rounds {
  const looks = Array.from({ length: parts }, () => new Set<() => void>())
  const size = () => looks.reduce((sum, part) => sum + part.size, 0)
  let timer: ReturnType<typeof setInterval> | undefined
  let [joined, turn] = [0, 0]
  const lookAtPart = () => {
    for (const look of looks[turn++ % parts] ?? []) look()
  }
  return {
    size,
    join(look) {
      // It stays in its part when others leave: nobody is passed over, or looked at twice in a round.
      const part = looks[joined++ % parts]
      part?.add(look)
      timer ??= setInterval(lookAtPart, roundMs / parts)
      return () => {
        part?.delete(look)
        if (size() > 0) return
        clearInterval(timer)
        timer = undefined
      }
    },
  }
}

function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close()
  } catch {
    // The reader had closed it.
  }
}
