import type { Static } from '@sinclair/typebox'
import { waitAccepts } from '../../domain/wait.ts'
import * as t from './shape.ts'

export type Wait = Static<typeof Wait>
export const Wait = t.named('Wait', 'What an agent waits for.', {
  id: t.text({ example: 'w_7q2kR0aBcDeF' }),
  session: t.sessionId,
  state: t.oneOf(['armed', 'answered', 'expired', 'cancelled']),
  what: t.text({ example: 'CI run 4711' }),
  plan: t.textOrNull('rerun the e2e tests if red'),
  orElse: t.textOrNull(),
  accept: t.oneOf(waitAccepts),
  key: t.textOrNull(),
  grant: t.text({ example: '9f3c1a2b7d4e5f60' }),
  deliveryId: t.textOrNull(null, { description: 'What answered it, or tells of its end.' }),
  createdAt: t.time,
  expiresAt: t.time,
  closedAt: t.timeOrNull,
})
