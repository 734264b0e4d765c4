/** Shapes that the OpenAPI document names; JSON Schema as OpenAPI 3.0 knows it. */
export type Schema = { readonly [keyword: string]: unknown }

const text: Schema = { type: 'string' }
const textOrNull: Schema = { type: 'string', nullable: true }
const moment = '2026-11-21T10:00:00.000Z'
const time: Schema = { type: 'string', format: 'date-time', example: moment }
const timeOrNull: Schema = { type: 'string', format: 'date-time', nullable: true, example: moment }
const whole: Schema = { type: 'integer' }
const flag: Schema = { type: 'boolean' }

const oneOf = (...values: readonly string[]): Schema => ({ type: 'string', enum: values })
const listOf = (items: Schema): Schema => ({ type: 'array', items })
const said = (schema: Schema, description: string): Schema => ({ ...schema, description })
const like = (schema: Schema, example: unknown): Schema => ({ ...schema, example })

const deliveryId = like(text, 'whd_0VxK3mQ2aBcDeFgHiJkLmNoP')
const session = like(text, 'build')
const channel = like(text, 'postern:/sessions/build')
const grant = '9f3c1a2b7d4e5f60'
const url = like({ type: 'string', format: 'uri' }, 'https://door.example/hook/eyJhbGciOiJFZERTQSJ9.e30.c2ln')

/** Every property is there unless it is named in `optional`. */
function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, ...(required.length > 0 && { required }) }
}

const state = oneOf('PENDING', 'RETRY', 'DELIVERED', 'FAILED')
const key = said(
  { type: 'string', minLength: 1, maxLength: 255 },
  'One delivery per key, for 24 hours. The header Idempotency-Key means the same.',
)
const from = said({ type: 'string' }, 'Becomes the prefix “[from] ”.')

const knock = {
  message: said({ type: 'string' }, 'What the agent is told; not blank.'),
  from,
  idempotency_key: key,
}

const delivery = {
  id: said(deliveryId, 'whd_ and 24 characters that sort by time'),
  state,
  session,
  channel,
  guard: oneOf('grant', 'hook', 'admin'),
  grant: like(textOrNull, grant),
  hook: like(textOrNull, null),
  action: oneOf('input', 'wake', 'turn'),
  phase: oneOf('deliver', 'callback'),
  failedStep: said(like(textOrNull, null), 'The step that failed.'),
  heldBecause: said(like(textOrNull, null), 'Why it waits: busy, offline, released or failed.'),
  detail: like(textOrNull, null),
  message: said(
    like(text, '[ci] The nightly build is green.'),
    'Cleaned and prefixed, as the agent sees it.',
  ),
  from: like(textOrNull, 'ci'),
  skill: like(textOrNull, null),
  callbackUrl: like(textOrNull, null),
  idempotencyKey: like(textOrNull, null),
  replayOf: like(textOrNull, null),
  inFlight: flag,
  attempts: whole,
  receivedAt: time,
  storedAt: time,
  dueAt: time,
  expiresAt: time,
  acceptedAt: timeOrNull,
  evidence: said(like(textOrNull, 'ack'), 'How it is known that the agent took it: ack, echo or marker.'),
  turnEnd: said(like(textOrNull, null), 'How it is known that the turn is over: reported or inferred.'),
  settledAt: timeOrNull,
  answer: like(textOrNull, null),
}

export const schemas: Readonly<Record<string, Schema>> = {
  Problem: said(
    object(
      {
        type: text,
        title: text,
        status: whole,
        detail: text,
        code: said(text, 'What programs tell refusals apart by.'),
        requestId: text,
        deliveryId: said(text, 'Where the refusal left a delivery behind.'),
      },
      ['requestId', 'deliveryId'],
    ),
    'Why a request was refused (RFC 9457).',
  ),
  Knock: object(knock, ['from', 'idempotency_key']),
  Turn: object(
    {
      ...knock,
      session: said(text, 'Another session than the default one, where the configuration allows it.'),
      skill: said(text, 'Activated before the message is read.'),
      callbackUrl: said({ type: 'string', format: 'uri' }, 'Where the answer is sent when the turn is over.'),
      timeoutSeconds: said({ type: 'number' }, 'How long the turn may take.'),
    },
    ['from', 'idempotency_key', 'session', 'skill', 'callbackUrl', 'timeoutSeconds'],
  ),
  KnockAnswer: object(
    {
      status: oneOf('delivered', 'buffered'),
      deliveryId,
      session,
      channel,
      reason: said(text, 'Why it is buffered.'),
    },
    ['reason'],
  ),
  HookAnswer: object(
    {
      status: oneOf('delivered', 'accepted', 'ignored'),
      deliveryId,
      session: like(text, 'webhook-agent'),
      skillActivated: like(text, 'code-review'),
      response: said(text, 'The agent’s answer, for who waited for it.'),
      reason: said(text, 'Why it was ignored.'),
    },
    ['deliveryId', 'session', 'skillActivated', 'response', 'reason'],
  ),
  Delivery: object(delivery),
  DeliveryRecord: object({
    ...delivery,
    events: listOf(object({ at: time, kind: like(text, 'stored'), detail: like(textOrNull, null) })),
    attemptList: listOf(
      object({
        number: whole,
        startedAt: time,
        endedAt: timeOrNull,
        outcome: like(textOrNull, 'taken'),
        detail: like(textOrNull, null),
      }),
    ),
    headers: { type: 'object', additionalProperties: text, example: { 'user-agent': 'curl/8.5.0' } },
    contentType: like(textOrNull, 'application/json'),
    payload: like(textOrNull, '{"message":"The nightly build is green.","from":"ci"}'),
    payloadEncoding: { type: 'string', enum: ['utf-8', 'base64'], nullable: true },
  }),
  Grant: object({
    id: like(text, grant),
    channel,
    session,
    verbs: like(listOf(text), ['send_input']),
    label: like(textOrNull, 'for CI'),
    revoked: flag,
    revokedAt: timeOrNull,
    expires: timeOrNull,
    expired: flag,
    lastUsed: timeOrNull,
    uses: whole,
    createdAt: time,
  }),
  MintOrder: object(
    {
      session: text,
      verb: oneOf('send_input'),
      ttl: said(
        { oneOf: [whole, oneOf('never')] },
        'Whole seconds, or "never"; 0 or absent takes the server’s default.',
      ),
      label: text,
    },
    ['verb', 'ttl', 'label'],
  ),
  Mint: object({
    channel,
    grantId: like(text, grant),
    webhook: said(url, 'The URL, shown this once.'),
    expires: timeOrNull,
    session,
    verb: like(text, 'send_input'),
    label: like(textOrNull, 'for CI'),
  }),
  SayOrder: object({ session, ...knock }, ['from', 'idempotency_key']),
  Session: object({
    id: session,
    channel,
    driver: like(text, 'tmux'),
    state: oneOf('live', 'offline', 'ended'),
    why: like(textOrNull, null),
    exitCode: { type: 'integer', nullable: true, example: null },
    queue: said(whole, 'Unfinished deliveries.'),
    openedAt: time,
    endedAt: timeOrNull,
  }),
  Hook: object({
    name: text,
    path: text,
    active: flag,
    action: oneOf('agent', 'wake'),
    session: textOrNull,
    skill: textOrNull,
    preset: textOrNull,
    template: textOrNull,
    verify: said(text, 'How its callers prove themselves.'),
    maxBodyBytes: whole,
  }),
  Ended: object(
    { session, failed: said(whole, 'Messages that waited and now never arrive.'), trouble: text },
    ['trouble'],
  ),
  Link: object({ url: { type: 'string', format: 'uri' }, expires: time }),
}
