import { Type } from '@sinclair/typebox'
import * as t from './shape.ts'

export const BulkResult = t.named('BulkResult', 'What came of acting on all that a filter found.', {
  found: t.whole('That the filter found.'),
  done: t.whole(),
  refused: t.membersOf(
    Type.Integer(),
    { in_flight: 2 },
    'How many could not be, by the code of the refusal.',
  ),
})
