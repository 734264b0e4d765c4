import { Type } from '@sinclair/typebox'
import * as t from './shape.ts'

export const Problem = t.named('Problem', 'Why a request was refused (RFC 9457).', {
  type: t.text(),
  title: t.text(),
  status: t.whole(),
  detail: t.text(),
  code: t.text({ description: 'What programs tell refusals apart by.' }),
  requestId: Type.Optional(t.text()),
  deliveryId: Type.Optional(t.text({ description: 'Where the refusal left a delivery behind.' })),
})

// What holders of a URL and senders of webhooks send and get. `inbound/message-body.ts` reads these bodies.

export const knock = {
  message: t.someText({ description: 'What the agent gets; not blank.' }),
  from: t.optional(t.text({ description: 'Becomes the prefix “[from] ”.' })),
  idempotency_key: t.optional(
    t.someText({
      maxLength: 255,
      errorMessage: 'must be a string of 1 to 255 bytes',
      description: 'One delivery per key, for 24 hours. The header Idempotency-Key means the same.',
    }),
  ),
}

export const Knock = Type.Object(knock, {
  $id: 'Knock',
  example: { message: 'The nightly build is green.', from: 'ci' },
})

export const Turn = Type.Object(
  {
    ...knock,
    session: t.optional(
      t.text({ description: 'Another session than the default one, where the configuration allows it.' }),
    ),
    skill: t.optional(t.text({ description: 'Activated before the message is read.' })),
    callbackUrl: t.optional(
      t.text({ format: 'uri', description: 'Where the answer is sent when the turn is over.' }),
    ),
    timeoutSeconds: t.optional(Type.Number({ description: 'How long the turn may take.' })),
    responseSchema: t.optional(
      t.members(
        { type: 'object', required: ['verdict'] },
        'A JSON Schema that the answer must fit; the response is that JSON then.',
      ),
    ),
  },
  { $id: 'Turn', example: { message: 'Review the newest pull request.', from: 'ci' } },
)

export const KnockAnswer = t.named(
  'KnockAnswer',
  'Delivered: the session took the input. Buffered: stored; the session gets it as soon as it can.',
  {
    status: t.oneOf(['delivered', 'buffered']),
    deliveryId: t.deliveryId,
    session: t.sessionId,
    channel: t.channel,
    response: Type.Optional(t.text({ description: 'Of `run_turn`: the agent’s answer.' })),
    reason: Type.Optional(t.text({ description: 'Why it is buffered.' })),
  },
)

export const HookAnswer = t.named(
  'HookAnswer',
  'Delivered: the outcome, for who waited for it. Accepted: stored. Ignored: the payload is of no interest here.',
  {
    status: t.oneOf(['delivered', 'accepted', 'ignored']),
    deliveryId: Type.Optional(t.deliveryId),
    session: Type.Optional(t.text({ example: 'webhook-agent' })),
    skillActivated: Type.Optional(t.text({ example: 'code-review' })),
    response: Type.Optional(
      Type.Unknown({
        description:
          'The agent’s answer, for who waited for it: text; JSON where a responseSchema came with the knock.',
      }),
    ),
    reason: Type.Optional(
      t.text({ description: 'Why it waits, as session_ended or session_missing; or why it was ignored.' }),
    ),
  },
)
