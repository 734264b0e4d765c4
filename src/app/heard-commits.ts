import type { DoorStore } from '../domain/ports.ts'
import type { Listener } from '../store/postgres/listen.ts'

/** What was heard may have been lost on its way: for longer than this nothing is believed. Milliseconds. */
const longestMs = 1000

/** As `commits` of a store in PostgreSQL, whom open pages ask many times a second: it is asked only after something was heard. */
export function heardCommits(
  { commits }: Pick<DoorStore, 'commits'>,
  { isListening, heard }: Pick<Listener, 'isListening' | 'heard'>,
): DoorStore['commits'] {
  let known: { readonly heard: number; readonly at: number; readonly count: Promise<number> } | undefined
  return () => {
    if (!isListening()) return commits()
    if (known?.heard === heard() && performance.now() - known.at < longestMs) return known.count
    const asked = { heard: heard(), at: performance.now(), count: commits() }
    asked.count.catch(() => {
      if (known === asked) known = undefined
    })
    known = asked
    return asked.count
  }
}
