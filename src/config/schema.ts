import { type Static, Type } from '@sinclair/typebox'
import { presetNames, schemeNames } from '../providers/index.ts'
import { notify } from './notify-schema.ts'
import { count, flag, oneOf, secret, section, sessionId, text, texts } from './schema-parts.ts'
import { sessions } from './sessions-schema.ts'

// Each part stands above what is made of it; `documentSchema` at the end is the whole file.

const scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])
const tests = {
  exists: Type.Object({ exists: Type.Boolean() }),
  equals: Type.Object({ equals: scalar }),
  in: Type.Object({ in: Type.Array(scalar) }),
  matches: Type.Object({ matches: Type.String() }),
}
const subjects = {
  path: Type.Object({ path: Type.String({ minLength: 1 }) }),
  header: Type.Object({ header: Type.String({ minLength: 1 }) }),
}
const strict = { additionalProperties: false }

const condition = Type.Recursive(
  (self) =>
    Type.Union(
      [
        Type.Object({ all: Type.Array(self) }, strict),
        Type.Object({ any: Type.Array(self) }, strict),
        Type.Object({ not: self }, strict),
        ...Object.values(subjects).flatMap((subject) =>
          Object.values(tests).map((test) => Type.Composite([subject, test], strict)),
        ),
      ],
      {
        errorMessage:
          'must be a condition: {"all": […]}, {"any": […]}, {"not": …}, or "path" or "header" with one of ' +
          '"exists", "equals", "in", "matches"',
      },
    ),
  { $id: 'condition', description: 'What must hold for a knock to reach the agent' },
)

const verify = section({
  scheme: oneOf(schemeNames, { description: 'How the sender proves itself' }),
  secret: Type.Optional(secret('Default: the shared secret')),
  toleranceSeconds: Type.Optional(count("How far the sender's clock may be off", 1, 86_400)),
  header: Type.Optional(text('hmac: the header that carries the signature')),
  prefix: Type.Optional(text('hmac: what precedes the signature in its header')),
  encoding: Type.Optional(oneOf(['hex', 'base64'])),
  algorithm: Type.Optional(oneOf(['sha256', 'sha1', 'sha512'])),
  signed: Type.Optional(text('hmac: the string to sign, of {body} {timestamp} {url} {method} {header:name}')),
  timestampHeader: Type.Optional(text('hmac, grafana: the header with the Unix time')),
  username: Type.Optional(text('basic: the user name')),
  idHeader: Type.Optional(text("The header with the sender's own delivery id")),
  url: Type.Optional(text('The address as the sender knows it')),
  topicArn: Type.Optional(text('amazon-sns: the one topic whose messages are taken')),
  verifyToken: Type.Optional(text('meta: what its handshake must present')),
})

const respond = section(
  {
    status: Type.Optional(count('Of the answer', 200, 299)),
    contentType: Type.Optional(text('Of the body')),
    body: Type.Optional(
      Type.String({
        description: 'Mustache over the receipt',
        maxLength: 16_384,
        errorMessage: 'must be a template of at most 16384 characters',
      }),
    ),
  },
  { description: 'What the sender is answered instead of the usual receipt' },
)

const limit = (description: string) => Type.Optional(count(`${description}; 0 for no limit`, 0, 1e12))

const hook = section({
  name: Type.Optional(text('Default: its key')),
  path: Type.Optional(text('Below /api/hooks/; default: its name there')),
  messageTemplate: Type.Optional(text('Mustache, without HTML escaping')),
  preset: Type.Optional(oneOf(presetNames, { description: 'Readable messages for a known sender' })),
  skill: Type.Optional(
    Type.String({
      description: 'Activated before the message',
      maxLength: 64,
      pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
      errorMessage: 'must be the name of a skill: a-z and 0-9, with single hyphens between',
    }),
  ),
  active: Type.Optional(flag('false: answered 403, nothing is stored')),
  session: Type.Optional(sessionId('Default: the session of its action')),
  action: Type.Optional(
    oneOf(['agent', 'wake'], { description: 'A full turn, or only a notice', default: 'agent' }),
  ),
  from: Type.Optional(text('Becomes the prefix [from] of the message')),
  secret: Type.Optional(secret('Its own secret instead of the shared one')),
  verify: Type.Optional(
    Type.Union([oneOf(schemeNames), verify], {
      description: 'How the sender proves itself',
      errorMessage: `must be an object with "scheme", or one of: ${schemeNames.join(', ')}`,
    }),
  ),
  filter: Type.Optional(condition),
  maxBodyBytes: Type.Optional(count('Largest body', 1, 26_214_400)),
  bodyFormat: Type.Optional(
    oneOf(['auto', 'json', 'form', 'text'], {
      description: 'What bodies are, for a sender whose content type is wrong',
      default: 'auto',
    }),
  ),
  parse: Type.Optional(
    Type.Array(Type.String(), {
      description: 'Strings that hold JSON, as JSON pointers or names of fields',
      maxItems: 16,
      errorMessage: 'must be a list of at most 16 JSON pointers or names of fields',
    }),
  ),
  respond: Type.Optional(respond),
  instruction: Type.Optional(
    Type.String({
      description: 'What the agent is told before each message, outside its fence',
      maxLength: 16_384,
      pattern: '\\S',
      errorMessage: 'must be a text of at most 16384 characters, and not blank',
    }),
  ),
  fence: Type.Optional(flag('Put the rendered text between markers that no payload can forge')),
  idempotencySeconds: Type.Optional(count('How long a repeat is known; default 24 hours', 1, 2_592_000)),
  knocksPerMinute: limit('Its own limit of knocks, and that of each URL that opens it'),
  queuePerSession: limit('How long the queue of its session may be when it adds to it'),
})

const webhooks = section({
  enabled: Type.Optional(flag('Default: false')),
  secret: Type.Optional(
    secret('What wake, agent and plain hooks show as a bearer token; 16 characters or more'),
  ),
  hooks: Type.Optional(Type.Record(Type.String(), hook, { errorMessage: 'must be an object of hooks' })),
})

const access = (description: string) => Type.Optional(oneOf(['open', 'admin', 'off'], { description }))
const seconds = (description: string, most: number) =>
  Type.Optional(
    Type.Number({
      description,
      minimum: 0,
      maximum: most,
      errorMessage: `must be a number of seconds from 0 to ${most}`,
    }),
  )

const server = section({
  host: Type.Optional(text('Address to listen on; default 127.0.0.1')),
  port: Type.Optional(count('Default 7717', 0, 65_535)),
  publicUrl: Type.Optional(text('Where the world reaches this server')),
  allowedHosts: Type.Optional(texts('Host names accepted besides those of host and publicUrl')),
  trustedProxies: Type.Optional(texts('Addresses or CIDR blocks whose X-Forwarded-For counts')),
  tls: Type.Optional(section({ cert: text('PEM file'), key: text('PEM file') })),
  docs: access('Who may see /docs; default open to this machine while no public URL is set, else admin'),
  metrics: access('Who may see /metrics and /readyz; default as for docs'),
  grantTtlSeconds: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum: 1e10 }), Type.Literal('never')], {
      description: 'Life of a grant that names none; default 30 days',
      errorMessage: 'must be a whole number of seconds, or "never"',
    }),
  ),
  waitSeconds: seconds('How long a knock waits for its outcome; default 5', 300),
  drainSeconds: seconds('How long a stopping server waits; default 10', 600),
  logLevel: Type.Optional(oneOf(['debug', 'info', 'warn', 'error'])),
  callbacks: Type.Optional(
    section({
      allow: Type.Optional(texts('Hosts, addresses or CIDR blocks allowed although not public')),
      secret: Type.Optional(secret('Signs callbacks; default: the shared secret')),
    }),
  ),
})

export const documentSchema = section(
  {
    $schema: Type.Optional(Type.String({ description: 'For editors' })),
    webhooks: Type.Optional(webhooks),
    server: Type.Optional(server),
    sessions: Type.Optional(sessions),
    notify: Type.Optional(notify),
    skills: Type.Optional(
      section({
        dirs: Type.Optional(texts('Folders of skills, relative to this file; default ["../skills"]')),
      }),
    ),
    limits: Type.Optional(
      section({
        knocksPerMinute: limit('For each grant or hook; default 600'),
        authFailuresPerMinute: limit('For each peer; default 20'),
        queuePerSession: limit('Unfinished deliveries; default 1000'),
        decisionSeconds: seconds(
          'How long a person has to decide on what an agent asks; default 1500',
          86_400,
        ),
        turnsAtOnce: limit('Turns that run at once, over all sessions; default none'),
        messageBytes: limit('Body of /hook; default 65536'),
        hookBytes: limit('Body of a hook; default 1048576'),
        openWaits: limit('Waits of one session that are open; default 8'),
        waitSeconds: Type.Optional(count('Longest time of a wait; default 86400', 30, 31_536_000)),
      }),
    ),
    retry: Type.Optional(
      section({
        baseSeconds: seconds('Before the first retry; default 1', 3600),
        capSeconds: seconds('Longest time between two; default 300', 86_400),
        attempts: Type.Optional(count('Default 8', 1, 1000)),
        maxHoldSeconds: seconds('How long a message may wait for its session; default 86400', 31_536_000),
        waitingSeconds: seconds(
          'How long one waits until notify tells delivery_waiting; default 600',
          31_536_000,
        ),
      }),
    ),
    store: Type.Optional(
      text('postgres://user@host:5432/database where the store is to lie; default: a file in the home'),
    ),
    retention: Type.Optional(section({ days: limit('How long finished deliveries are kept; default 30') })),
  },
  { title: 'Postern: preferences/webhooks.json' },
)

/** The file as it is written, once it has been validated. */
export type ConfigDocument = Static<typeof documentSchema>
