import { reasonOf } from '../domain/error.ts'
import type { Outcome } from '../domain/outcome.ts'

/** The part of an opening that keeps its messages apart. */
interface Exclusive {
  readonly ending: AbortController
  /** A message is on its way, or its turn is waited for. */
  running: boolean
}

/** Does `work` unless the session was ended or another message runs; `busyWhy` says so. What `work` throws may be tried again. */
export async function oneAtATime(
  opening: Exclusive,
  busyWhy: string,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  if (opening.ending.signal.aborted) return { kind: 'ended' }
  if (opening.running) return { kind: 'busy', why: busyWhy }
  opening.running = true
  try {
    return await work()
  } catch (thrown) {
    return { kind: 'failed', why: reasonOf(thrown), retry: true }
  } finally {
    opening.running = false
  }
}
