import type { Decision, DecisionStore, NewDecision } from '../domain/decision.ts'
import { mayPass } from '../domain/error.ts'
import { pause } from '../wait.ts'

const againMs = 500

/**
 * Puts it before people as soon as the store, or the door, can be reached. Throws what will not pass, and what was wrong last when
 * `over` aborts. What was stored although its answer was lost is found by the name of its request.
 */
export async function putDecision(
  store: Pick<DecisionStore, 'openDecision'>,
  draft: NewDecision,
  over: AbortSignal,
): Promise<Decision> {
  for (;;) {
    try {
      return await store.openDecision(draft)
    } catch (thrown) {
      if (over.aborted || !mayPass(thrown)) throw thrown
    }
    await pause(againMs, over)
  }
}
