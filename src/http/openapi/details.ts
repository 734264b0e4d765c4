import {
  type Answer,
  type Credential,
  type Described,
  described,
  knockHeadersDescribed,
  knockRefusals,
  listOf,
  type Parameter,
  ref,
} from './openapi.ts'

/** What the OpenAPI document says of the server's own routes. */

const message = {
  schema: ref('Knock'),
  example: { message: 'The nightly build is green.', from: 'ci' },
  text: true,
}

const knocked: Described['answers'] = {
  200: ['The session took the input', ref('KnockAnswer')],
  202: ['Stored; the session gets it as soon as it can', ref('KnockAnswer')],
}

const accepted: Described['answers'] = {
  200: ['The outcome, for who waited for it', ref('HookAnswer')],
  202: ['Stored', ref('HookAnswer')],
}

const knock = {
  headers: knockHeadersDescribed,
  body: message,
  refuses: knockRefusals,
}

export const doorDetails = {
  hook: described({
    ...knock,
    tag: 'Channels',
    summary: 'Say something to the session a token names',
    description: 'For who would rather not have the token in an address.',
    by: ['knockToken'],
    answers: knocked,
  }),
  hookToken: described({
    ...knock,
    tag: 'Channels',
    summary: 'Say something to the session the URL names',
    description: 'The URL is the whole key: no header is needed.',
    answers: knocked,
  }),
  wake: described({
    ...knock,
    tag: 'Hooks',
    summary: 'wake',
    description: 'Notifies the default session; it is not expected to act within this request.',
    by: ['hookSecret'],
    answers: accepted,
    refuses: [401, ...knockRefusals],
  }),
  agent: described({
    ...knock,
    tag: 'Hooks',
    summary: 'agent',
    description: 'Starts a full agent turn.',
    by: ['hookSecret'],
    body: {
      schema: ref('Turn'),
      example: { message: 'Review the newest pull request.', from: 'ci' },
      text: true,
    },
    answers: accepted,
    refuses: [401, ...knockRefusals],
  }),
}

const adminOnly: readonly Credential[] = ['adminToken']

/** A route for the keeper alone. */
const kept = (
  tag: string,
  summary: string,
  answers: Described['answers'],
  more: Pick<Described, 'description' | 'query' | 'body' | 'refuses' | 'by'> = {},
) =>
  described({
    ...{ tag, summary, by: adminOnly, answers, description: 'With the admin token.', ...more },
    refuses: [401, 403, 421, 429, ...(more.body ? [413] : []), ...(more.refuses ?? [])],
  })

const list = (name: string): Answer => ['Newest first', listOf(name)]

const filters: readonly Parameter[] = [
  {
    name: 'state',
    description: 'Only these',
    schema: { type: 'string', enum: ['PENDING', 'RETRY', 'DELIVERED', 'FAILED'] },
  },
  { name: 'session', description: 'Only of this session' },
  { name: 'hook', description: 'Only through this hook' },
  { name: 'grant', description: 'Only through this grant' },
  { name: 'text', description: 'Only with this in their message' },
  { name: 'limit', description: 'At most so many', schema: { type: 'integer', default: 100, maximum: 1000 } },
]

export const adminDetails = {
  listGrants: kept(
    'Grants',
    'Every grant',
    { 200: list('Grant') },
    {
      query: [{ name: 'session', description: 'Only of this session' }],
    },
  ),
  mint: kept(
    'Grants',
    'Mint a capability URL; it is shown this once',
    { 201: ['Minted', ref('Mint')] },
    {
      body: { schema: ref('MintOrder'), example: { session: 'default', ttl: 3600, label: 'for CI' } },
      refuses: [400, 404, 410, 415, 422],
    },
  ),
  revoke: kept(
    'Grants',
    'Revoke a grant by its id or a unique beginning of it',
    { 200: ['Revoked', ref('Grant')] },
    {
      refuses: [404, 409, 422],
    },
  ),
  listSessions: kept('Sessions', 'Every session', { 200: ['By name', listOf('Session')] }),
  showSession: kept('Sessions', 'One session', { 200: ['It', ref('Session')] }, { refuses: [404] }),
  endSession: kept('Sessions', 'End a session', { 200: ['Ended', ref('Ended')] }, { refuses: [404, 410] }),
  listHooks: kept('Hooks', 'Every configured hook', { 200: ['As configured', listOf('Hook')] }),
  listDeliveries: kept(
    'Deliveries',
    'Deliveries',
    { 200: list('Delivery') },
    {
      query: filters,
      refuses: [422],
    },
  ),
  say: kept(
    'Deliveries',
    'Say something to a session from the keeper’s own hand',
    { 202: ['Stored', ref('Delivery')] },
    {
      body: {
        schema: ref('SayOrder'),
        example: { session: 'default', message: 'Have a look at the tests.' },
      },
      refuses: [400, 404, 409, 410, 415, 422, 503],
    },
  ),
  showDelivery: kept(
    'Deliveries',
    'One delivery: state, attempts, timeline, answer',
    { 200: ['Everything kept of it', ref('DeliveryRecord')] },
    {
      by: ['adminToken', 'knockToken', 'hookSecret'],
      description: 'With the admin token, or with the credential that knocked.',
      query: [
        {
          name: 'wait',
          description: 'Seconds to wait for its end',
          schema: { type: 'integer', maximum: 240 },
        },
      ],
      refuses: [404, 422],
    },
  ),
  purge: kept('Deliveries', 'Erase one delivery for good', { 204: ['Gone'] }, { refuses: [404, 409] }),
  retry: kept(
    'Deliveries',
    'Try a failed delivery again',
    { 202: ['Queued', ref('Delivery')] },
    {
      refuses: [404, 409, 410],
    },
  ),
  replay: kept(
    'Deliveries',
    'Send it once more as a new delivery, with other words if wanted',
    { 202: ['The new one', ref('Delivery')] },
    {
      body: {
        schema: { type: 'object', properties: { message: { type: 'string' } } },
        example: { message: 'The same, but clearer.' },
        required: false,
      },
      refuses: [400, 404, 409, 410, 415, 422, 503],
    },
  ),
  acknowledge: kept(
    'Deliveries',
    'Take a message from an inbox',
    { 202: ['Taken', ref('Delivery')] },
    {
      refuses: [404, 409],
    },
  ),
  link: kept('Dashboard', 'A link that logs one browser in to the dashboard: once, within five minutes', {
    201: ['The link', ref('Link')],
  }),
}

const page = (summary: string, answer: Answer, refuses: readonly number[] = []) =>
  described({
    ...{ tag: 'Health', summary, answers: { 200: answer } },
    description: 'Open on loopback; elsewhere as configured.',
    refuses: [401, 404, 421, ...refuses],
  })

const status: Answer = [
  'Yes',
  { type: 'object', properties: { status: { type: 'string', example: 'ok' } }, required: ['status'] },
]

export const healthDetails = {
  healthz: page('The process answers', status),
  readyz: page('Knocks can be stored now', status, [503]),
  metrics: page('Prometheus metrics', ['The text exposition format', { type: 'string' }, 'text/plain']),
}
