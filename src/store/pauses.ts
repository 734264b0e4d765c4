import type { PauseTarget } from '../domain/pause.ts'
import type { StoreContext } from './context.ts'

/** Holds the messages of a hook or session from `at` on, or no longer. */
export function setPause({ sql, cache }: StoreContext, target: PauseTarget, at: number | undefined): void {
  if (at === undefined) sql('DELETE FROM pauses WHERE target = ?').run(target)
  else sql('INSERT OR IGNORE INTO pauses (target, since) VALUES (?, ?)').run(target, at)
  cache.forgetPauses()
}
