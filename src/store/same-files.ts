import { statSync } from 'node:fs'
import { Failure } from '../domain/error.ts'

/**
 * Watches that the database and its write-ahead log keep their names while they are open: SQLite goes on writing to a
 * file that was removed, and what is acknowledged then is gone at the next start. The check throws `store_unavailable`.
 */
export function createSameFiles(path: string): () => void {
  const seen = new Map<string, string>()
  return () => {
    for (const file of path === ':memory:' ? [] : [path, `${path}-wal`]) {
      const found = statSync(file, { throwIfNoEntry: false })
      const id = found && `${found.dev} ${found.ino}`
      const before = seen.get(file) ?? id
      if (id !== before) throw replaced()
      if (id !== undefined) seen.set(file, id)
    }
  }
}

const replaced = (): Failure =>
  new Failure(
    'store_unavailable',
    'The database, or its write-ahead log, was removed or replaced while it was open. Put it back, or restart the server: it says what to do.',
    { retryAfterMs: 1000 },
  )
