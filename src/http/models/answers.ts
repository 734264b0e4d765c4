import { type Static, Type } from '@sinclair/typebox'
import type { HeldBecause } from '../../domain/delivery.ts'
import { failedSteps } from '../../domain/failed-step.ts'
import { happeningNames } from '../../domain/notice.ts'
import { grantId } from './grant.ts'
import * as t from './shape.ts'

// What the admin is answered: `manage/views.ts` makes these. An answer may get more members; none of these goes.

export type Session = Static<typeof Session>
export const Session = t.named('Session', 'An agent that can take input.', {
  id: t.sessionId,
  channel: t.channel,
  driver: t.text({ example: 'tmux' }),
  host: t.textOrNull('laptop', {
    description: 'The machine that its agent runs on; null for the one of the door.',
  }),
  state: t.oneOf(['live', 'offline', 'ended']),
  why: t.textOrNull(),
  exitCode: t.orNull(t.whole()),
  activity: t.orNull(t.oneOf(['idle', 'busy', 'blocked']), {
    description: 'What its agent does now; null where it does not tell.',
  }),
  since: t.timeOrNull,
  asks: t.textOrNull('permission: Bash(npm test)'),
  decision: t.textOrNull(null, { description: 'The request among them that people may decide on.' }),
  queue: t.whole('Unfinished deliveries.'),
  pausedAt: t.timeOrNull,
  openedAt: t.time,
  endedAt: t.timeOrNull,
})

export type Opened = Static<typeof Opened>
export const Opened = t.named('Opened', 'The session is open.', {
  ...Session.properties,
  liveGrants: t.whole('Grants minted earlier that reach it now.'),
  takenFrom: Type.Optional(
    Type.Object(
      { host: t.text({ example: 'laptop' }), isThere: t.flag, isRevoked: t.flag },
      { description: 'The other machine, or door, that had it open until now.' },
    ),
  ),
  trouble: Type.Optional(t.text({ description: 'Why the agent that it replaced could not be ended.' })),
  check: Type.Optional(
    Type.Object(
      {
        works: t.flag,
        state: t.text({ example: 'idle' }),
        why: t.textOrNull(),
        skills: t.orNull(t.listOf(t.text()), { description: 'Null where its agent does not tell.' }),
      },
      { description: 'How the trial went, where there was one.' },
    ),
  ),
})

export type Ended = Static<typeof Ended>
export const Ended = t.named('Ended', 'The session has ended.', {
  session: t.sessionId,
  failed: t.whole('Messages that waited and now never arrive.'),
  held: t.whole('Messages of hooks that wait until the id is opened again.'),
  trouble: Type.Optional(t.text({ description: 'Why the agent could not be ended.' })),
})

export type TurnCancelled = Static<typeof TurnCancelled>
export const TurnCancelled = t.named('TurnCancelled', 'What became of the turn that ran.', {
  session: t.sessionId,
  cancelled: t.flag,
})

export type Hook = Static<typeof Hook>
export const Hook = t.named('Hook', 'A configured hook without its secrets.', {
  name: t.text(),
  path: t.text(),
  active: t.flag,
  pausedAt: t.timeOrNull,
  action: t.oneOf(['agent', 'wake']),
  session: t.textOrNull(),
  skill: t.textOrNull(),
  preset: t.textOrNull(),
  template: t.textOrNull(),
  verify: t.text({ description: 'How its callers prove themselves.' }),
  maxBodyBytes: t.whole(),
})

const holds: readonly HeldBecause[] = [
  ...(['busy', 'blocked', 'offline', 'released', 'failed'] as const),
  ...(['inbox', 'paused', 'session_ended', 'session_missing'] as const),
]

const delivery = {
  id: t.deliveryId,
  state: t.oneOf(['PENDING', 'RETRY', 'DELIVERED', 'FAILED']),
  session: t.sessionId,
  channel: t.channel,
  source: t.oneOf(['grant', 'hook', 'wait', 'admin'], { description: 'What it came through.' }),
  grant: t.textOrNull(grantId),
  hook: t.textOrNull(),
  action: t.oneOf(['input', 'wake', 'turn']),
  phase: t.oneOf(['deliver', 'callback']),
  failedStep: t.orNull(t.oneOf(failedSteps), { description: 'The step that failed.' }),
  heldBecause: t.orNull(t.oneOf(holds), { description: 'Why it waits.' }),
  detail: t.textOrNull(),
  message: t.text({
    example: '[ci] The nightly build is green.',
    description: 'Cleaned and prefixed, as the agent sees it.',
  }),
  from: t.textOrNull('ci'),
  skill: t.textOrNull(),
  callbackUrl: t.textOrNull(),
  idempotencyKey: t.textOrNull(),
  replayOf: t.textOrNull(),
  inFlight: t.flag,
  attempts: t.whole('Attempts begun.'),
  failures: t.whole('Attempts that were spent: they reached for the agent and failed.'),
  receivedAt: t.time,
  storedAt: t.time,
  dueAt: t.time,
  expiresAt: t.time,
  acceptedAt: t.timeOrNull,
  evidence: t.orNull(t.oneOf(['ack', 'echo', 'marker']), {
    description: 'How it is known that the agent took it.',
  }),
  turnEnd: t.orNull(t.oneOf(['reported', 'inferred']), {
    description: 'How it is known that the turn is over.',
  }),
  settledAt: t.timeOrNull,
  answer: t.textOrNull(),
  repliedAt: t.timeOrNull,
  responseSchema: t.orNull(t.members({ type: 'integer' }), { description: 'What the answer must fit.' }),
  responseFits: t.orNull(t.flag, { description: 'Whether it does.' }),
}

export type Delivery = Static<typeof Delivery>
export const Delivery = t.named('Delivery', 'The record of one accepted knock.', delivery)

export type DeliveryRecord = Static<typeof DeliveryRecord>
export const DeliveryRecord = t.named('DeliveryRecord', 'Everything kept of one delivery.', {
  ...delivery,
  events: t.listOf(Type.Object({ at: t.time, kind: t.text({ example: 'stored' }), detail: t.textOrNull() }), {
    description: 'Its timeline.',
  }),
  attemptList: t.listOf(
    Type.Object({
      number: t.whole(),
      startedAt: t.time,
      endedAt: t.timeOrNull,
      outcome: t.textOrNull('taken'),
      detail: t.textOrNull(),
    }),
  ),
  headers: t.keptHeaders,
  contentType: t.textOrNull('application/json'),
  payload: t.textOrNull('{"message":"The nightly build is green.","from":"ci"}'),
  payloadEncoding: t.orNull(t.oneOf(['utf-8', 'base64'])),
})

export type Refusal = Static<typeof Refusal>
export const Refusal = t.named('Refusal', 'A knock that was turned away, or ignored by its hook.', {
  place: t.whole('Its place in the list.'),
  at: t.time,
  door: t.text({ example: '/api/hooks/github', description: 'What was asked for.' }),
  hook: t.textOrNull('github'),
  grant: t.textOrNull(),
  status: t.whole('What was answered.'),
  code: t.text({ example: 'unauthorized', description: 'The code of the problem, or ignored.' }),
  cause: t.text({ example: 'the signature does not match', description: 'What the caller was not told.' }),
  peer: t.text({ example: '192.0.2.1' }),
  userAgent: t.textOrNull('GitHub-Hookshot/044aadd'),
  requestId: t.text({ description: 'The x-request-id of the answer.' }),
})

export type Notice = Static<typeof Notice>
export const Notice = t.named('Notice', 'One message to a receiver that wants to be told what happens.', {
  place: t.whole('Its place in the list.'),
  id: t.text({ example: 'ntc_9f3c1a2b7d4e5f609f3c1a2b', description: 'The webhook-id of every attempt.' }),
  rule: t.text({ example: 'ntfy.sh-1a2b3c', description: 'The rule of the configuration.' }),
  event: t.oneOf(happeningNames),
  session: t.textOrNull('build'),
  at: t.time,
  data: Type.Unsafe<Readonly<Record<string, string | number>>>(
    Type.Object(
      {},
      { additionalProperties: true, example: { kind: 'permission', asks: 'permission: Bash(ls)' } },
    ),
  ),
  state: t.oneOf(['PENDING', 'DELIVERED', 'FAILED']),
  failures: t.whole('Attempts that failed.'),
  detail: t.textOrNull('receiver answered 500'),
  dueAt: t.time,
  createdAt: t.time,
  settledAt: t.timeOrNull,
})

export type Link = Static<typeof Link>
export const Link = t.named('Link', 'It logs one browser in, once.', {
  url: t.url('https://door.example/dashboard/enter/c0de'),
  expires: t.time,
})
