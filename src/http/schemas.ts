/** Shapes that the OpenAPI document names; JSON Schema as OpenAPI 3.0 knows it. */
export type Schema = { readonly [keyword: string]: unknown }

const text: Schema = { type: 'string' }
const textOrNull: Schema = { type: 'string', nullable: true }
const time: Schema = { type: 'string', format: 'date-time' }
const timeOrNull: Schema = { type: 'string', format: 'date-time', nullable: true }
const whole: Schema = { type: 'integer' }
const flag: Schema = { type: 'boolean' }

const oneOf = (...values: readonly string[]): Schema => ({ type: 'string', enum: values })
const listOf = (items: Schema): Schema => ({ type: 'array', items })
const said = (schema: Schema, description: string): Schema => ({ ...schema, description })

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
  id: said(text, 'whd_ and 24 characters that sort by time'),
  state,
  session: text,
  channel: text,
  door: oneOf('grant', 'hook', 'admin'),
  grant: textOrNull,
  hook: textOrNull,
  action: oneOf('input', 'wake', 'turn'),
  phase: oneOf('deliver', 'callback'),
  reason: said(textOrNull, 'The step that failed, or why it is held.'),
  detail: textOrNull,
  message: said(text, 'Cleaned and prefixed, as the agent sees it.'),
  from: textOrNull,
  skill: textOrNull,
  callbackUrl: textOrNull,
  idempotencyKey: textOrNull,
  replayOf: textOrNull,
  inFlight: flag,
  attempts: whole,
  receivedAt: time,
  storedAt: time,
  dueAt: time,
  expiresAt: time,
  acceptedAt: timeOrNull,
  settledAt: timeOrNull,
  answer: textOrNull,
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
      deliveryId: text,
      session: text,
      channel: text,
      reason: said(text, 'Why it is buffered.'),
    },
    ['reason'],
  ),
  HookAnswer: object(
    {
      status: oneOf('delivered', 'accepted', 'ignored'),
      deliveryId: text,
      session: text,
      skillActivated: text,
      response: said(text, 'The agent’s answer, for who waited for it.'),
      reason: said(text, 'Why it was ignored.'),
    },
    ['deliveryId', 'session', 'skillActivated', 'response', 'reason'],
  ),
  Delivery: object(delivery),
  DeliveryRecord: object({
    ...delivery,
    events: listOf(object({ at: time, kind: text, detail: textOrNull })),
    attemptList: listOf(
      object({
        number: whole,
        startedAt: time,
        endedAt: timeOrNull,
        outcome: textOrNull,
        detail: textOrNull,
      }),
    ),
    headers: { type: 'object', additionalProperties: text },
    contentType: textOrNull,
    payload: textOrNull,
    payloadEncoding: { type: 'string', enum: ['utf-8', 'base64'], nullable: true },
  }),
  Grant: object({
    id: text,
    channel: text,
    session: text,
    verbs: listOf(text),
    label: textOrNull,
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
    channel: text,
    grantId: text,
    webhook: said({ type: 'string', format: 'uri' }, 'The URL, shown this once.'),
    expires: timeOrNull,
    session: text,
    verb: text,
    label: textOrNull,
  }),
  SayOrder: object({ session: text, ...knock }, ['from', 'idempotency_key']),
  Session: object({
    id: text,
    channel: text,
    driver: text,
    state: oneOf('live', 'offline', 'ended'),
    why: textOrNull,
    exitCode: { type: 'integer', nullable: true },
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
    { session: text, failed: said(whole, 'Messages that waited and now never arrive.'), trouble: text },
    ['trouble'],
  ),
  Link: object({ url: { type: 'string', format: 'uri' }, expires: time }),
}
