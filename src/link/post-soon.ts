import { mayPass } from '../domain/error.ts'
import { pause } from '../wait.ts'
import type { DoorClient } from './client.ts'

/** How long an answer may take before it is asked for by another connection. Milliseconds. */
const againMs = 1000

/**
 * Posts what may be heard twice. A connection may be dead without a word, as when a laptop has slept or changed its network: so as long
 * as there is no answer it is asked for again, each time by a connection of its own. Where that is answered first, all others are let go.
 */
export async function postSoon(
  client: Pick<DoorClient, 'post' | 'leave'>,
  route: string,
  value: unknown,
): Promise<unknown> {
  const over = new AbortController()
  const first = client.post(route, value).then((answer) => ({ answer, isLate: false }))
  const later = againUntil(client, route, value, over.signal)
  try {
    const { answer, isLate } = await Promise.race([first, later])
    if (isLate) client.leave()
    return answer
  } finally {
    over.abort()
  }
}

/** Throws what the door refuses. */
async function againUntil(
  { post }: Pick<DoorClient, 'post'>,
  route: string,
  value: unknown,
  over: AbortSignal,
): Promise<{ readonly answer: unknown; readonly isLate: boolean }> {
  for (let leftMs = againMs; ; ) {
    await pause(leftMs, over)
    over.throwIfAborted()
    const begun = performance.now()
    try {
      const answer = await post(route, value, { apart: true, withinMs: againMs, signal: over })
      return { answer, isLate: true }
    } catch (thrown) {
      if (!mayPass(thrown)) throw thrown
    }
    leftMs = againMs - (performance.now() - begun)
  }
}
