import { type Static, Type } from '@sinclair/typebox'
import type { FailedStep } from '../../domain/delivery.ts'
import {
  channel,
  deliveryId,
  flag,
  listOf,
  oneOf,
  orNull,
  sessionId,
  text,
  textOrNull,
  time,
  timeOrNull,
  url,
  whole,
} from './shape.ts'

// What the admin is answered: `manage/views.ts` makes these. An answer may get more members; none of these goes.

const grantId = '9f3c1a2b7d4e5f60'
const label = textOrNull('for CI')

export type Grant = Static<typeof Grant>
export const Grant = Type.Object(
  {
    id: text({ example: grantId }),
    channel,
    session: sessionId,
    verbs: listOf(text(), { example: ['send_input'] }),
    label,
    revoked: flag,
    revokedAt: timeOrNull,
    expires: timeOrNull,
    expired: flag,
    lastUsed: timeOrNull,
    uses: whole(),
    createdAt: time,
  },
  { $id: 'Grant', description: 'A minted permission.' },
)

export type Mint = Static<typeof Mint>
export const Mint = Type.Object(
  {
    channel,
    grantId: text({ example: grantId }),
    webhook: url('https://door.example/hook/eyJhbGciOiJFZERTQSJ9.e30.c2ln', 'The URL, shown this once.'),
    expires: timeOrNull,
    session: sessionId,
    verb: text({ example: 'send_input' }),
    label,
  },
  { $id: 'Mint', description: 'A fresh grant with its URL.' },
)

export type Session = Static<typeof Session>
export const Session = Type.Object(
  {
    id: sessionId,
    channel,
    driver: text({ example: 'tmux' }),
    state: oneOf(['live', 'offline', 'ended']),
    why: textOrNull(),
    exitCode: orNull(whole()),
    queue: whole('Unfinished deliveries.'),
    openedAt: time,
    endedAt: timeOrNull,
  },
  { $id: 'Session', description: 'An agent that can take input.' },
)

export type Ended = Static<typeof Ended>
export const Ended = Type.Object(
  {
    session: sessionId,
    failed: whole('Messages that waited and now never arrive.'),
    trouble: Type.Optional(text({ description: 'Why the agent could not be ended.' })),
  },
  { $id: 'Ended', description: 'The session has ended.' },
)

export type Hook = Static<typeof Hook>
export const Hook = Type.Object(
  {
    name: text(),
    path: text(),
    active: flag,
    action: oneOf(['agent', 'wake']),
    session: textOrNull(),
    skill: textOrNull(),
    preset: textOrNull(),
    template: textOrNull(),
    verify: text({ description: 'How its callers prove themselves.' }),
    maxBodyBytes: whole(),
  },
  { $id: 'Hook', description: 'A configured hook without its secrets.' },
)

const failedSteps: readonly FailedStep[] = [
  ...(['template', 'skill', 'session_ended', 'turn', 'callback', 'expired', 'attempts'] as const),
  ...(['revoked', 'restored'] as const),
]

const delivery = {
  id: deliveryId,
  state: oneOf(['PENDING', 'RETRY', 'DELIVERED', 'FAILED']),
  session: sessionId,
  channel,
  source: oneOf(['grant', 'hook', 'admin'], { description: 'What it came through.' }),
  grant: textOrNull(grantId),
  hook: textOrNull(),
  action: oneOf(['input', 'wake', 'turn']),
  phase: oneOf(['deliver', 'callback']),
  failedStep: orNull(oneOf(failedSteps), { description: 'The step that failed.' }),
  heldBecause: orNull(oneOf(['busy', 'offline', 'released', 'failed']), { description: 'Why it waits.' }),
  detail: textOrNull(),
  message: text({
    example: '[ci] The nightly build is green.',
    description: 'Cleaned and prefixed, as the agent sees it.',
  }),
  from: textOrNull('ci'),
  skill: textOrNull(),
  callbackUrl: textOrNull(),
  idempotencyKey: textOrNull(),
  replayOf: textOrNull(),
  inFlight: flag,
  attempts: whole('Attempts begun.'),
  failures: whole('Attempts that were spent: they reached for the agent and failed.'),
  receivedAt: time,
  storedAt: time,
  dueAt: time,
  expiresAt: time,
  acceptedAt: timeOrNull,
  evidence: orNull(oneOf(['ack', 'echo', 'marker']), {
    description: 'How it is known that the agent took it.',
  }),
  turnEnd: orNull(oneOf(['reported', 'inferred']), {
    description: 'How it is known that the turn is over.',
  }),
  settledAt: timeOrNull,
  answer: textOrNull(),
}

export type Delivery = Static<typeof Delivery>
export const Delivery = Type.Object(delivery, {
  $id: 'Delivery',
  description: 'The record of one accepted knock.',
})

export type DeliveryRecord = Static<typeof DeliveryRecord>
export const DeliveryRecord = Type.Object(
  {
    ...delivery,
    events: listOf(Type.Object({ at: time, kind: text({ example: 'stored' }), detail: textOrNull() }), {
      description: 'Its timeline.',
    }),
    attemptList: listOf(
      Type.Object({
        number: whole(),
        startedAt: time,
        endedAt: timeOrNull,
        outcome: textOrNull('taken'),
        detail: textOrNull(),
      }),
    ),
    headers: Type.Unsafe<Readonly<Record<string, string>>>(
      Type.Object({}, { additionalProperties: Type.String(), example: { 'user-agent': 'curl/8.5.0' } }),
    ),
    contentType: textOrNull('application/json'),
    payload: textOrNull('{"message":"The nightly build is green.","from":"ci"}'),
    payloadEncoding: orNull(oneOf(['utf-8', 'base64'])),
  },
  { $id: 'DeliveryRecord', description: 'Everything kept of one delivery.' },
)

export type Link = Static<typeof Link>
export const Link = Type.Object(
  { url: url('https://door.example/dashboard/enter/c0de'), expires: time },
  { $id: 'Link', description: 'It logs one browser in, once.' },
)
