import type { Static } from '@sinclair/typebox'
import * as t from './shape.ts'

export type Decision = Static<typeof Decision>
export const Decision = t.named('Decision', 'A request of an agent, and what was decided.', {
  id: t.text({ example: 'dec_9f3c1a2b7d4e5f60' }),
  session: t.sessionId,
  kind: t.oneOf(['permission', 'question']),
  title: t.text({ example: 'Bash: npm test' }),
  detail: t.text({ example: '{"command":"npm test"}', description: 'Exactly what is asked.' }),
  state: t.oneOf(['open', 'deciding', 'allowed', 'denied', 'elsewhere', 'expired', 'withdrawn']),
  verdict: t.orNull(t.oneOf(['allow', 'deny'])),
  door: t.orNull(t.oneOf(['url', 'cli', 'api', 'dashboard']), { description: 'How a person decided.' }),
  why: t.textOrNull(null, { description: 'What happened, where nobody decided here.' }),
  delivery: t.textOrNull(null, { description: 'The delivery whose turn asks.' }),
  openedAt: t.time,
  expiresAt: t.time,
  closedAt: t.timeOrNull,
})
