import { type FSWatcher, watch } from 'node:fs'
import { pause } from '../wait.ts'

/** When to look whether another process wrote to the database. */
export interface WriteWatch {
  /** Resolves when a look is due, or as soon as `signal` aborts. */
  nextLook(signal: AbortSignal): Promise<void>
  close(): void
}

/** Without an event: a file system may report none, and a log that was put in place of another reports nothing. */
const usualMs = 200
/** A transaction is written some time before it is on disk and shows: looks follow each other so quickly, for so long. */
const [quickMs, freshMs] = [3, 250]

/** Follows the write-ahead log of a database that is open, by the events of that file. */
export function watchWrites(databaseFile: string, slowMs = usualMs): WriteWatch {
  let writtenAt = Number.NEGATIVE_INFINITY
  let wake = () => {}
  const watcher = watcherOf(`${databaseFile}-wal`, () => {
    writtenAt = performance.now()
    wake()
  })
  return {
    nextLook: async (signal) => {
      if (performance.now() - writtenAt < freshMs) return pause(quickMs, signal)
      const woken = new AbortController()
      wake = () => woken.abort()
      signal.addEventListener('abort', wake)
      await pause(slowMs, signal.aborted ? signal : woken.signal)
      signal.removeEventListener('abort', wake)
      wake = () => {}
    },
    close: () => watcher?.close(),
  }
}

/** Undefined where nothing can be watched, such as beyond the system's limit of watches. */
function watcherOf(file: string, changed: () => void): FSWatcher | undefined {
  try {
    return watch(file, changed).on('error', () => {})
  } catch {
    return undefined
  }
}
