import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { pause } from '../wait.ts'

/** When to look whether another process wrote to the database. */
export interface WriteWatch {
  /** Resolves when a look is due, or as soon as `signal` aborts. */
  nextLook(signal: AbortSignal): Promise<void>
  close(): void
}

/** Without an event: file systems of other machines report none. */
const usualMs = 200
/** A transaction is written some time before it is on disk and shows: looks follow each other so quickly, for so long. */
const [quickMs, freshMs] = [3, 250]

/** Follows the write-ahead log of a database by the events of its directory. */
export function watchWrites(databaseFile: string, slowMs = usualMs): WriteWatch {
  const log = `${basename(databaseFile)}-wal`
  let writtenAt = Number.NEGATIVE_INFINITY
  let wake = () => {}
  const watcher = watcherOf(dirname(databaseFile), (name) => {
    if (name !== log) return
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
function watcherOf(folder: string, changed: (name: string | null) => void): FSWatcher | undefined {
  try {
    return watch(folder, (_, name) => changed(name)).on('error', () => {})
  } catch {
    return undefined
  }
}
