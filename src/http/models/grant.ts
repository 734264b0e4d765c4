import type { Static } from '@sinclair/typebox'
import type { GrantState } from '../../domain/grant.ts'
import * as t from './shape.ts'

// What the admin is answered of grants and of what is paused, as `answers.ts`.

export const grantId = '9f3c1a2b7d4e5f60'
const label = t.textOrNull('for CI')
const maxUses = t.orNull(t.whole(), {
  description: 'How often it may be used; null where nothing limits that.',
})
const grantStates: readonly GrantState[] = ['live', 'paused', 'used_up', 'expired', 'revoked']

export type Grant = Static<typeof Grant>
export const Grant = t.named('Grant', 'A minted permission.', {
  id: t.text({ example: grantId }),
  channel: t.channel,
  state: t.oneOf(grantStates, { description: 'Nothing but a live one opens anything.' }),
  session: t.orNull(t.sessionId),
  hook: t.textOrNull(null, { description: 'Where it opens a hook.' }),
  verbs: t.listOf(t.text(), { example: ['send_input'] }),
  label,
  revoked: t.flag,
  revokedAt: t.timeOrNull,
  expires: t.timeOrNull,
  expired: t.flag,
  lastUsed: t.timeOrNull,
  uses: t.whole(),
  maxUses,
  pausedAt: t.timeOrNull,
  createdAt: t.time,
})

export type Mint = Static<typeof Mint>
export const Mint = t.named('Mint', 'A fresh grant with its URL.', {
  channel: t.channel,
  grantId: t.text({ example: grantId }),
  webhook: t.url('https://door.example/hook/eyJhbGciOiJFZERTQSJ9.e30.c2ln', 'The URL, shown this once.'),
  expires: t.timeOrNull,
  session: t.orNull(t.sessionId),
  hook: t.textOrNull(null, { description: 'Where it opens a hook.' }),
  verb: t.text({ example: 'send_input' }),
  label,
  maxUses,
})

export type Pause = Static<typeof Pause>
export const Pause = t.named('Pause', 'Whether what comes to a hook or for a session is held by hand.', {
  target: t.text({ example: 'hook:github' }),
  paused: t.flag,
  since: t.timeOrNull,
})
