import { join } from 'node:path'
import type { Decision, Verdict } from '../../../src/domain/decision.ts'
import { decide } from '../../../src/manage/decisions.ts'
import { pause } from '../../../src/wait.ts'
import { until } from '../hooks.ts'
import { openScratchStore } from '../scratch-store.ts'

/** What agents ask of people in a home, as its doors see it. */
export interface Deciders {
  /** Resolves with the one that is open, once there is one. */
  asked(): Promise<Decision>
  /** As a door does; rejects where it came too late. */
  decide(decision: Decision, verdict: Verdict): Promise<Decision>
  /** Resolves with it once it is over. */
  over(decision: Decision): Promise<Decision>
  close(): Promise<void>
}

export async function openDeciders(home: string): Promise<Deciders> {
  const store = await openScratchStore(join(home, 'postern.db'), { role: 'client', now: Date.now })
  return {
    asked: () => until('it asks', async () => (await store.listDecisions({ open: true, limit: 1 })).at(0)),
    decide: ({ id }, verdict) =>
      decide(
        { store, clock: { now: Date.now }, nextLook: (signal) => pause(50, signal) },
        { id, verdict, door: 'url' },
      ),
    over: ({ id }) =>
      until('it is over', async () => {
        const decision = await store.findDecision(id)
        return decision?.closedAt === undefined ? undefined : decision
      }),
    close: () => store.close(),
  }
}
