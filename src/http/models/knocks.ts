import { Type } from '@sinclair/typebox'
import { channel, deliveryId, oneOf, optional, sessionId, someText, text, whole } from './shape.ts'

export const Problem = Type.Object(
  {
    type: text(),
    title: text(),
    status: whole(),
    detail: text(),
    code: text({ description: 'What programs tell refusals apart by.' }),
    requestId: Type.Optional(text()),
    deliveryId: Type.Optional(text({ description: 'Where the refusal left a delivery behind.' })),
  },
  { $id: 'Problem', description: 'Why a request was refused (RFC 9457).' },
)

// What holders of a URL and senders of webhooks send and get. `inbound/message-body.ts` reads these bodies.

export const knock = {
  message: someText({ description: 'What the agent gets; not blank.' }),
  from: optional(text({ description: 'Becomes the prefix “[from] ”.' })),
  idempotency_key: optional(
    someText({
      maxLength: 255,
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
    session: optional(
      text({ description: 'Another session than the default one, where the configuration allows it.' }),
    ),
    skill: optional(text({ description: 'Activated before the message is read.' })),
    callbackUrl: optional(
      text({ format: 'uri', description: 'Where the answer is sent when the turn is over.' }),
    ),
    timeoutSeconds: optional(Type.Number({ description: 'How long the turn may take.' })),
  },
  { $id: 'Turn', example: { message: 'Review the newest pull request.', from: 'ci' } },
)

export const KnockAnswer = Type.Object(
  {
    status: oneOf(['delivered', 'buffered']),
    deliveryId,
    session: sessionId,
    channel,
    reason: Type.Optional(text({ description: 'Why it is buffered.' })),
  },
  {
    $id: 'KnockAnswer',
    description:
      'Delivered: the session took the input. Buffered: stored; the session gets it as soon as it can.',
  },
)

export const HookAnswer = Type.Object(
  {
    status: oneOf(['delivered', 'accepted', 'ignored']),
    deliveryId: Type.Optional(deliveryId),
    session: Type.Optional(text({ example: 'webhook-agent' })),
    skillActivated: Type.Optional(text({ example: 'code-review' })),
    response: Type.Optional(text({ description: 'The agent’s answer, for who waited for it.' })),
    reason: Type.Optional(text({ description: 'Why it was ignored.' })),
  },
  {
    $id: 'HookAnswer',
    description:
      'Delivered: the outcome, for who waited for it. Accepted: stored. Ignored: the payload is of no interest here.',
  },
)
