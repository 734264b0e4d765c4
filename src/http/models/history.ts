import { type Static, Type } from '@sinclair/typebox'
import { failedSteps } from '../../domain/failed-step.ts'
import { spanNames } from '../../domain/history.ts'
import * as t from './shape.ts'

const quantiles = t.orNull(
  Type.Object({
    p50Ms: t.whole('Half of them took no longer.'),
    p99Ms: t.whole('99 of 100 took no longer.'),
  }),
  { description: 'Rounded up in steps of a fifth or less; null where there was none.' },
)
const counted = {
  knocks: t.whole('Deliveries that were received.'),
  failed: t.whole('Those of them that are FAILED.'),
  failures: t.listOf(Type.Object({ failedStep: t.oneOf(failedSteps), count: t.whole() }), {
    description: 'By the step that failed, most frequent first.',
  }),
  stored: quantiles,
  taken: quantiles,
}

export type History = Static<typeof History>
export const History = t.named('History', 'What knocked over time, with what was purged since.', {
  span: t.oneOf(spanNames),
  stepSeconds: t.whole(),
  countedSince: t.timeOrNull,
  oldestKept: t.timeOrNull,
  total: Type.Object(counted),
  steps: t.listOf(Type.Object({ from: t.time, ...counted }), {
    description: 'Oldest first; the last goes on.',
  }),
})
