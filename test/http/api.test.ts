import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Delivery } from '../../src/domain/delivery.ts'
import { Failure } from '../../src/domain/error.ts'
import type { Grant } from '../../src/domain/grant.ts'
import type { Session } from '../../src/domain/session.ts'
import { createAdminCheck } from '../../src/http/credentials.ts'
import type { RequestGuard } from '../../src/http/guard.ts'
import { createHosts } from '../../src/http/hosts.ts'
import { deliveryRoutes } from '../../src/http/routes/deliveries.ts'
import { deliveryRoute } from '../../src/http/routes/delivery.ts'
import { grantRoutes } from '../../src/http/routes/grants.ts'
import { hostsRoutes } from '../../src/http/routes/hosts.ts'
import { sessionRoutes } from '../../src/http/routes/sessions.ts'
import { createServer } from '../../src/http/server.ts'
import { addDelivery, createWorld } from '../cli/fake-io.ts'

const token = 'the-admin-token-of-this-test'

/** Where it is asked from, and where the server is. */
interface Place {
  readonly peer?: string
  readonly publicUrl?: string
}

/** The routes below `/api` over nothing: what reaches them is noted in `done`. */
function api(rows: readonly Delivery[], { peer = '127.0.0.1', publicUrl }: Place = {}) {
  const done: unknown[] = []
  const note =
    (name: string) =>
    async (...args: unknown[]) => {
      done.push([name, ...args])
      throw new Failure('not_found', 'Nothing is here.')
    }
  const list =
    <T>(name: string, found: readonly T[]) =>
    async (filter: unknown = {}) => {
      done.push([name, filter])
      return found
    }
  const grant = { id: '9f3c1a2b7d4e5f60', session: 'build', verb: 'send_input', createdAt: 0, uses: 0 }
  const deps = {
    admin: createAdminCheck({ adminToken: () => token, failed: () => 0 }),
    store: {
      listGrants: list<Grant>('grants', []),
      listDeliveries: list('deliveries', rows),
      listSessions: list<Session>('sessions', []),
      listPauses: async () => [],
      counts: async () => ({
        deliveries: { PENDING: 0, RETRY: 0, DELIVERED: 0, FAILED: 0 },
        queues: new Map(),
      }),
      history: async (...asked: unknown[]) => {
        done.push(['history', ...asked])
        return { steps: [] }
      },
    },
    activities: async () => new Map(),
    now: () => 0,
    hooks: () => [],
    expose: async (order: unknown) => {
      done.push(['expose', order])
      return { grant: grant as Grant, url: 'http://localhost/hook/x' }
    },
    revoke: note('revoke'),
    rotate: async (...order: unknown[]) => {
      done.push(['rotate', ...order])
      return { grant: grant as Grant, url: 'http://localhost/hook/y' }
    },
    screens: { look: note('look') },
    pause: note('pause'),
    resume: note('resume'),
    register: note('register'),
    registering: () => ({ from: 'here' as const, publicUrl }),
    nextInInbox: note('nextInInbox'),
    cancelTurn: note('cancelTurn'),
    endSession: note('endSession'),
    send: note('send'),
    retry: note('retry'),
    cancel: note('cancel'),
    retryAll: note('retryAll'),
    cancelAll: note('cancelAll'),
    replay: note('replay'),
    purge: note('purge'),
    acknowledge: note('acknowledge'),
    listHosts: note('listHosts'),
    addHost: note('addHost'),
    revokeHost: note('revokeHost'),
    rotateHost: note('rotateHost'),
    sourcesOf: async () => [],
    inspect: note('inspect'),
    wait: note('wait'),
    answersWait: async () => false,
  }
  const guard: RequestGuard = {
    ...{ hosts: createHosts(() => []), log: () => {} },
    ...{ peer: () => peer, keepOpen: () => {}, refused: () => {}, ignored: () => {} },
  }
  const routes = [deliveryRoute, grantRoutes, sessionRoutes, deliveryRoutes, hostsRoutes]
  const answer = createServer(
    guard,
    { first: [], later: () => routes.map((of) => of(deps, guard)) },
    { secure: false },
  )
  return { answer, done }
}

interface Ask {
  readonly method?: string
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly headers?: Readonly<Record<string, string>>
  /** What the store lists. */
  readonly rows?: readonly Delivery[]
  readonly place?: Place
}

async function ask(path: string, { method = 'GET', body, headers, rows = [], place }: Ask = {}) {
  const { answer, done } = api(rows, place)
  const response = await answer(
    new Request(`http://localhost${path}`, {
      method,
      headers: {
        host: 'localhost',
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    }),
  )
  const text = await response.text()
  const problem = text.startsWith('{') ? JSON.parse(text) : undefined
  const { status, headers: sent } = response
  return { status, type: sent.get('content-type'), link: sent.get('link'), text, problem, done }
}

const secret = 'S3CRET-value'
const grants = '/api/grants'
const deliveries = '/api/deliveries'
const post = (body: string | Uint8Array<ArrayBuffer>, headers = {}): Ask => ({
  method: 'POST',
  body,
  headers,
})

const refusals: readonly (readonly [
  title: string,
  path: string,
  ask: Ask,
  status: number,
  detail: RegExp,
])[] = [
  [
    'a misspelt member',
    grants,
    post('{"session":"default","tll":5}'),
    422,
    /unknown member. Did you mean ttl\?/,
  ],
  [
    'a member that is like none',
    grants,
    post(`{"session":"a","${secret}":1}`),
    422,
    /Known: session, hook, verb, ttl, uses, label/,
  ],
  ['a member of the prototype', grants, post('{"session":"a","__proto__":{}}'), 422, /unknown member/],
  [
    'a ttl that is text',
    grants,
    post(`{"session":"a","ttl":"${secret}"}`),
    422,
    /"ttl" must be whole seconds, or "never"/,
  ],
  ['half a second', grants, post('{"session":"a","ttl":1.5}'), 422, /"ttl" must be whole seconds/],
  [
    'a ttl below nothing',
    grants,
    post('{"session":"a","ttlSeconds":-1}'),
    422,
    /"ttlSeconds" must be whole seconds/,
  ],
  ['no session', grants, post('{"ttl":5}'), 422, /"session" must be a string/],
  ['a session that is a number', grants, post('{"session":5}'), 422, /"session" must be a string/],
  [
    'an unknown verb',
    grants,
    post(`{"session":"a","verb":"${secret}"}`),
    422,
    /"verb" must be one of send_input/,
  ],
  ['no body', grants, { method: 'POST' }, 422, /"session" must be a string/],
  ['null', grants, post('null'), 422, /must be a JSON object/],
  ['a list', grants, post('[]'), 422, /must be a JSON object/],
  ['half a body', grants, post('{"session":'), 400, /not valid JSON/],
  ['bad UTF-8', grants, post(new Uint8Array([123, 34, 255, 34, 58, 49, 125])), 400, /UTF-8/],
  [
    'a form',
    grants,
    post('session=a', { 'content-type': 'application/x-www-form-urlencoded' }),
    415,
    /application\/json/,
  ],
  [
    'JSON by another name',
    grants,
    post('{}', { 'content-type': 'application/json-seq' }),
    415,
    /application\/json/,
  ],
  [
    'another charset',
    grants,
    post('{}', { 'content-type': 'application/json; charset=utf-16' }),
    415,
    /UTF-8/,
  ],
  ['too large a body', grants, post(`{"session":"${'a'.repeat(1_048_576)}"}`), 413, /larger than/],
  [
    'a query with a body',
    `${grants}?ttl=5`,
    post('{"session":"a"}'),
    422,
    /There is no query parameter here/,
  ],
  [
    'a key that is too long, not as an empty one',
    deliveries,
    post(JSON.stringify({ session: 'a', message: 'x', idempotency_key: 'k'.repeat(256) })),
    422,
    /"idempotency_key" must be a string of 1 to 255 bytes/,
  ],
  [
    'a member of a retry, which sends no other message',
    `${deliveries}/x/retry`,
    post(`{"message":"${secret}"}`),
    422,
    /There is no member here/,
  ],
  ['a member of an acknowledgement', `${deliveries}/x/ack`, post(`{"${secret}":1}`), 422, /no member here/],
  ['a blank message', deliveries, post('{"session":"a","message":""}'), 422, /"message" must be a string/],
  [
    'an idempotency key that is long',
    deliveries,
    post(`{"session":"a","message":"b","idempotency_key":"${'k'.repeat(256)}"}`),
    422,
    /"idempotency_key"/,
  ],
  [
    'another message that is a number',
    `${deliveries}/x/replay`,
    post('{"message":5}'),
    422,
    /"message" must be a string/,
  ],
  [
    'a misspelt parameter',
    `${deliveries}?stat=FAILED`,
    {},
    422,
    /unknown query parameter. Did you mean state\?/,
  ],
  [
    'an unknown state',
    `${deliveries}?state=${secret}`,
    {},
    422,
    /"state" must be one of PENDING, RETRY, DELIVERED, FAILED/,
  ],
  ['a limit that is no number', `${deliveries}?limit=x`, {}, 422, /"limit" must be a whole number/],
  ['a limit that is empty', `${deliveries}?limit=`, {}, 422, /"limit" must be a whole number/],
  ['a place that is no number', `${deliveries}?after=-1`, {}, 422, /"after" must be a whole number/],
  [
    'a parameter where there is none',
    '/api/sessions?state=live',
    {},
    422,
    /There is no query parameter here/,
  ],
  ['a host without a name', '/api/hosts', post('{}'), 422, /"name" must be a string that is not empty/],
  ['a misspelt name of a host', '/api/hosts', post('{"nam":"a"}'), 422, /Did you mean name\?/],
  [
    'a token of one’s own for a host',
    '/api/hosts',
    post(`{"name":"a","token":"${secret}"}`),
    422,
    /unknown member/,
  ],
  ['a member of a rotated host', '/api/hosts/a/rotate', post('{"grace":5}'), 422, /no member here/],
  ['a parameter of hosts', '/api/hosts?state=away', {}, 422, /There is no query parameter here/],
  ['a session without a driver', '/api/sessions', post('{"id":"a"}'), 422, /"driver" must be a string/],
  [
    'a session as the command line names its members',
    '/api/sessions',
    post('{"id":"a","driver":"tmux","setting":{"target":"%5"}}'),
    422,
    /Did you mean settings\?/,
  ],
  [
    'settings that are a list',
    '/api/sessions',
    post(`{"id":"a","driver":"tmux","settings":["${secret}"]}`),
    422,
    /"settings" must be an object/,
  ],
  [
    'a replace that is text',
    '/api/sessions',
    post(`{"id":"a","driver":"inbox","replace":"${secret}"}`),
    422,
    /"replace" must be true or false/,
  ],
  ['half a second at an inbox', '/api/sessions/a/inbox?wait=0.5', {}, 422, /"wait" must be whole seconds/],
  ['a span that there is not', '/api/history?span=1y', {}, 422, /"span" must be one of 24h, 7d, 30d/],
  ['a step at which nothing fails', `${deliveries}?failedStep=sloth`, {}, 422, /"failedStep" must be one of/],
  ['seconds below nothing', `${deliveries}/x?wait=-1`, {}, 422, /"wait" must be whole seconds/],
  ['half a second to wait', `${deliveries}/x?wait=1.5`, {}, 422, /"wait" must be whole seconds/],
  ['no second to wait', `${deliveries}/x?wait=`, {}, 422, /"wait" must be whole seconds/],
]

describe('routes below /api', () => {
  for (const [title, path, order, status, detail] of refusals)
    it(`refuse ${title}, and do nothing`, async () => {
      const found = await ask(path, order)
      assert.equal(found.status, status, found.text)
      assert.equal(found.type, 'application/problem+json')
      assert.match(found.problem.detail, detail)
      assert.deepEqual(Object.keys(found.problem), ['type', 'title', 'status', 'detail', 'code', 'requestId'])
      assert.ok(!found.text.includes(secret), found.text)
      assert.deepEqual(found.done, [])
    })

  for (const [path, order] of [
    [`${deliveries}?stat=FAILED`, {}],
    [`${deliveries}/x?wiat=1`, {}],
    [grants, post('{"tll":5}')],
  ] as const)
    it(`look at nothing of ${order.method ?? 'GET'} ${path} before Host and credential`, async () => {
      const stranger = await ask(path, { ...order, headers: { authorization: 'Bearer wrong' } })
      assert.equal(stranger.status, 401)
      assert.equal((await ask(path, { ...order, headers: { host: 'evil.example' } })).status, 421)
    })

  const mints: readonly (readonly [body: object, order: object])[] = [
    [{ session: 'a' }, { session: 'a' }],
    [
      { session: 'a', ttl: 60 },
      { session: 'a', ttlSeconds: 60 },
    ],
    [
      { session: 'a', ttlSeconds: 60 },
      { session: 'a', ttlSeconds: 60 },
    ],
    [
      { session: 'a', ttl: 'never', label: 'x' },
      { session: 'a', ttlSeconds: 'never', label: 'x' },
    ],
    [{ session: 'a', ttl: null, verb: null, label: null }, { session: 'a' }],
    [
      { session: 'a', ttl: 0, verb: 'send_input' },
      { session: 'a', ttlSeconds: 0, verb: 'send_input' },
    ],
  ]
  for (const [body, order] of mints)
    it(`mint ${JSON.stringify(body)}`, async () => {
      const { status, done } = await ask(grants, post(JSON.stringify(body)))
      assert.equal(status, 201)
      assert.deepEqual(done, [['expose', order]])
    })

  const places: readonly (readonly [string, Place, Ask['headers'], boolean])[] = [
    ['this machine', {}, {}, false],
    ['another machine', { peer: '10.0.0.7' }, {}, true],
    ['a proxy', {}, { 'x-forwarded-for': '203.0.113.9' }, true],
    ['this machine, where there is a public URL', { publicUrl: 'https://door.example' }, {}, true],
  ]
  for (const [title, place, headers, inboxesOnly] of places)
    it(`register ${inboxesOnly ? 'nothing but inboxes' : 'every kind'} from ${title}`, async () => {
      const order = post(
        '{"id":"a","driver":"command","settings":{"command":["cat"]},"check":false}',
        headers,
      )
      const { done } = await ask('/api/sessions', { ...order, place })
      const wanted = {
        id: 'a',
        driver: 'command',
        settings: { command: ['cat'] },
        replace: false,
        inboxesOnly,
      }
      assert.deepEqual(done, [['register', wanted]])
    })

  const lists: readonly (readonly [query: string, filter: object])[] = [
    ['', { limit: 100 }],
    ['?state=failed&session=build', { limit: 100, state: 'FAILED', session: 'build' }],
    ['?state=&session=&text=', { limit: 100 }],
    ['?hook=github&grant=9f3c1a2b7d4e5f60', { limit: 100, hook: 'github', grant: '9f3c1a2b7d4e5f60' }],
    ['?text=a+b%26c&limit=5000&after=7', { limit: 1000, text: 'a b&c', after: 7 }],
  ]
  for (const [query, filter] of lists)
    it(`list the deliveries of ${query || 'no query'}`, async () => {
      const { status, text, done } = await ask(deliveries + query)
      assert.equal(status, 200, text)
      assert.equal(text, '[]')
      assert.deepEqual(done, [['deliveries', filter]])
    })

  it('lead on to the rest of a list', async () => {
    const world = createWorld()
    const rows = [addDelivery(world, { seq: 9 }), addDelivery(world, { seq: 7 })]
    const full = await ask(`${deliveries}?state=FAILED&limit=2&text=a%26b`, { rows })
    assert.equal(full.link, `<${deliveries}?state=FAILED&limit=2&text=a%26b&after=7>; rel="next"`)
    assert.equal((await ask(`${deliveries}?limit=3`, { rows })).link, null)
    assert.equal((await ask(`${deliveries}?limit=0`)).link, null)
  })

  for (const body of [post('{}'), post(''), post('not JSON', { 'content-type': 'text/plain' })])
    it(`leave ${JSON.stringify(body.body)} alone where no body is wanted`, async () => {
      const { status, done } = await ask(`${deliveries}/x/retry`, body)
      assert.equal(status, 404)
      assert.deepEqual(done, [['retry', 'x']])
    })

  it('replay without a body, and with another message', async () => {
    assert.deepEqual((await ask(`${deliveries}/x/replay`, { method: 'POST' })).done, [
      ['replay', 'x', undefined],
    ])
    const edited = await ask(`${deliveries}/x/replay`, post('{"message":"b"}'))
    assert.deepEqual(edited.done, [['replay', 'x', 'b']])
  })
})
