import { type Static, Type } from '@sinclair/typebox'
import { closed, flag, membersOf, named, oneOf, optional, text, textOrNull, whole } from './shape.ts'

// How hooks are tried.

export type TrialOrder = Static<typeof TrialOrder>
export const TrialOrder = closed(
  {
    payload: optional(text({ description: 'The body; the example of its preset unless given.' })),
    payloadEncoding: optional(
      oneOf(['utf-8', 'base64'] as const, { description: 'Of payload; utf-8 unless given.' }),
    ),
    delivery: optional(text({ description: 'The id of a delivery, to be tried with what that came with.' })),
    headers: optional(
      membersOf(text(), { 'x-github-event': 'push' }, 'Request headers that it looks at, besides its proof.'),
    ),
  },
  { $id: 'TrialOrder', example: { payload: '{"action":"opened"}', headers: { 'x-github-event': 'issues' } } },
)

export type Rehearsal = Static<typeof Rehearsal>
export const Rehearsal = named('Rehearsal', 'What a payload would become; nothing is stored or sent.', {
  kind: oneOf(['message', 'ignored', 'failed']),
  message: textOrNull(),
  session: textOrNull(),
  skill: textOrNull(),
  why: textOrNull(null, { description: 'Why it is ignored, or fails.' }),
  warning: textOrNull(null, { description: 'What the payload lacks that the hook makes its message of.' }),
})

export type SentToHook = Static<typeof SentToHook>
export const SentToHook = named('SentToHook', 'What a signed request was answered at the door.', {
  hook: text({ example: 'github' }),
  status: whole('Of the answer: 200 or 202, or that of a refusal.'),
  answer: Type.Unknown({
    description: 'The receipt, the problem document, or the text of a hook’s own answer.',
  }),
  replayed: flag,
  deliveryId: textOrNull('whd_0VxK3mQ2aBcDeFgHiJkLmNoP', { description: 'Null where nothing was stored.' }),
})
