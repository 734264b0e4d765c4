import { type PauseTarget, pausedHappening } from '../domain/pause.ts'
import type { StoreContext } from './context.ts'
import { happened } from './notices.ts'

/** Holds the messages of a hook or session from `at` on, or no longer. */
export function setPause(context: StoreContext, target: PauseTarget, at: number | undefined): void {
  const { sql, cache } = context
  const changed =
    at === undefined
      ? sql('DELETE FROM pauses WHERE target = ?').run(target)
      : sql('INSERT INTO pauses (target, since) VALUES (?, ?) ON CONFLICT DO NOTHING').run(target, at)
  cache.forgetPauses()
  if (at !== undefined && changed > 0) happened(context, pausedHappening(target))
}
