import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limitsDefaults } from '../../src/config/defaults.ts'
import { type Code, Failure } from '../../src/domain/error.ts'
import type { Claims, GrantId } from '../../src/domain/grant.ts'
import type { Hook } from '../../src/domain/hook.ts'
import type { Knock, Proof } from '../../src/domain/knock.ts'
import type { SessionId } from '../../src/domain/session.ts'
import type { VerifyConfig } from '../../src/domain/verify.ts'
import { sourcesOf } from '../../src/inbound/authenticate.ts'
import type { InboundConfig } from '../../src/inbound/config.ts'
import { createLimiter } from '../../src/inbound/rate-limiter.ts'
import { type ReceiveDeps, receive } from '../../src/inbound/receive.ts'
import { createHookRenderers } from '../../src/inbound/webhook-message.ts'
import { offline } from '../../src/providers/network.ts'
import { createMemoryState, openMemoryStore } from '../support/memory-store.ts'

const now = 1_700_000_000_000
const secret = 'the-shared-secret-of-hooks'
const claims: Claims = {
  grant: '00000000000000aa' as GrantId,
  session: 'default' as SessionId,
  verb: 'send_input',
}

const hookNamed = (name: string, over: Partial<Hook> = {}): Hook => ({
  ...{ name, path: `/api/hooks/${name}`, active: true, action: 'agent', fence: false },
  ...{ template: '{{text}}', verify: { scheme: 'bearer', secrets: [secret] }, maxBodyBytes: 1000 },
  ...over,
})

const config: InboundConfig = {
  webhooks: {
    enabled: true,
    secrets: [secret],
    hooks: [
      hookNamed('push', { filter: { path: 'wanted', equals: true } }),
      hookNamed('off', { active: false }),
      hookNamed('skilled', { skill: 'absent' }),
    ],
  },
  sessions: { wake: 'default', agent: 'webhook-agent', allow: [] },
  limits: { ...limitsDefaults, authFailuresPerMinute: 2 },
  retry: { maxHoldSeconds: 60 },
}

function setUp(over: Partial<ReceiveDeps> = {}, isCached = false) {
  const state = createMemoryState()
  const { grant: id, ...rest } = claims
  state.grants.set(id, { ...rest, id, label: 'test', createdAt: 0, uses: 0 })
  const deps: ReceiveDeps = {
    ...{ store: openMemoryStore(() => now, state), config: () => config, leaseMs: 1000 },
    tokens: {
      read: async (token) => (token === 'good' ? claims : undefined),
      readCached: (token) => (isCached && token === 'good' ? claims : undefined),
    },
    knocks: createLimiter({ doors: () => 1, perMinute: () => config.limits.knocksPerMinute }),
    failures: createLimiter({ doors: () => 1, perMinute: () => config.limits.authFailuresPerMinute }),
    ...{ rendererOf: createHookRenderers(), nonce: () => '00', mayCall: () => true, network: offline },
    ...{
      skills: async () => ['absente', 'review'],
      pushes: () => false,
      draining: () => false,
      wakeHost: () => {},
    },
    ...{ start: () => assert.fail('nothing was leased'), wait: async (delivery) => delivery },
    ...over,
  }
  return { state, deps }
}

const knockOf = (proof: Proof, body: string, headers: Readonly<Record<string, string>> = {}): Knock => ({
  ...{ proof, receivedAt: now, peer: () => '192.0.2.1', keptHeaders: () => ({}) },
  header: (name) => ({ 'content-type': 'application/json', ...headers })[name],
  body: async () => Buffer.from(body),
})

const token = (path: string | undefined, bearer?: string, method = 'POST'): Proof => ({
  ...{ kind: 'token', path, bearer, method },
  url: `http://localhost/hook/${path}`,
})
const hookAt = (name: string, method = 'POST'): Proof => {
  const path = `/api/hooks/${name}`
  return { kind: 'hook', path, method, url: `http://localhost${path}` }
}
const patience = { waitMs: 0, signal: () => new AbortController().signal }
const authorization = `Bearer ${secret}`
const message = '{"message":"hi"}'

for (const isCached of [false, true])
  describe(`receive, with a token that ${isCached ? 'was' : 'was not'} read before`, () => {
    const door = (over?: Partial<ReceiveDeps>) => setUp(over, isCached)

    const taken: readonly (readonly [string, Knock, message: string, session: string])[] = [
      ['a token in the path', knockOf(token('good'), message), 'hi', 'default'],
      [
        'the same token twice',
        knockOf(token('good', 'good'), '{"message":"hi","from":"ci"}'),
        '[ci] hi',
        'default',
      ],
      ['wake', knockOf(hookAt('wake'), message, { authorization }), 'hi', 'default'],
      ['agent', knockOf(hookAt('agent'), message, { authorization }), 'hi', 'webhook-agent'],
      [
        'a hook whose filter matches',
        knockOf(hookAt('push'), '{"wanted":true,"text":"/hi"}', { authorization }),
        '[webhook] /hi',
        'webhook-agent',
      ],
    ]
    for (const [what, knock, text, session] of taken)
      it(`stores ${what}`, async () => {
        const { state, deps } = door()
        assert.equal((await receive(deps, knock, patience)).kind, 'stored')
        assert.deepEqual(
          state.rows.map(({ delivery }) => [delivery.message, delivery.session, delivery.state]),
          [[text, session, 'PENDING']],
        )
      })

    it('keeps no header that a hook takes for its secret', async () => {
      const verify = { scheme: 'bearer', secrets: [secret], header: 'X-Request-Id' }
      const hooks = [hookNamed('push', { verify })]
      const { state, deps } = door({ config: () => ({ ...config, webhooks: { ...config.webhooks, hooks } }) })
      const sent = { 'x-request-id': secret, 'user-agent': 'curl' }
      const knock = { ...knockOf(hookAt('push'), '{"text":"hi"}', sent), keptHeaders: () => sent }
      assert.equal((await receive(deps, knock, patience)).kind, 'stored')
      assert.deepEqual(
        state.rows.map(({ draft }) => draft.headers),
        [{ 'user-agent': 'curl' }],
      )
    })

    it('keeps no secret that stands in the body, and tells it to nobody', async () => {
      const verify = { scheme: 'microsoft-graph', secrets: ['the"agreed"state-of-hooks'] }
      const hooks = [hookNamed('push', { verify, template: '{{value.0.id}} {{value.0.clientState}} {{.}}' })]
      const { state, deps } = door({ config: () => ({ ...config, webhooks: { ...config.webhooks, hooks } }) })
      const body = JSON.stringify({ value: [{ clientState: verify.secrets[0], id: 'größe' }] }, null, 1)
      assert.equal((await receive(deps, knockOf(hookAt('push'), body), patience)).kind, 'stored')
      const [row] = state.rows
      const stored = `${row?.delivery.message} ${Buffer.from(row?.draft.payload ?? []).toString()}`
      assert.doesNotMatch(stored, /agreed/)
      assert.match(stored, /^größe \(hidden\) \{.*"größe"/s)
    })

    const withHook = (over: Partial<Hook>) => ({
      config: () => ({ ...config, webhooks: { ...config.webhooks, hooks: [hookNamed('own', over)] } }),
    })
    const keyed = (text: string) =>
      knockOf(hookAt('own'), JSON.stringify({ text }), { authorization, 'idempotency-key': 'k' })

    it('knows a repeat although its fence is another', async () => {
      let n = 0
      const nonce = () => String(n++).padStart(16, '0')
      const { state, deps } = door({ ...withHook({ fence: true }), nonce })
      const receipts = [await receive(deps, keyed('a'), patience), await receive(deps, keyed('a'), patience)]
      assert.deepEqual(
        receipts.map((receipt) => receipt.kind === 'stored' && receipt.replayed),
        [false, true],
      )
      assert.equal(state.rows.length, 1)
      await assert.rejects(receive(deps, keyed('b'), patience), { code: 'idempotency_conflict' })
    })

    it('remembers a key as long as its hook says', async () => {
      let passed = 0
      const state = createMemoryState()
      const { deps } = door({
        ...withHook({ idempotencySeconds: 172_800 }),
        store: openMemoryStore(() => now + passed, state),
      })
      for (const [ms, rows] of [
        [0, 1],
        [172_799_999, 1],
        [172_800_000, 2],
      ] as const) {
        passed = ms
        await receive(deps, keyed('a'), patience)
        assert.equal(state.rows.length, rows)
      }
    })

    it('refuses what is over the own limits of a hook', async () => {
      const plain = (text: string) => knockOf(hookAt('own'), JSON.stringify({ text }), { authorization })
      for (const [limits, code] of [
        [{ knocksPerMinute: 1 }, 'rate_limited'],
        [{ queuePerSession: 1 }, 'queue_full'],
      ] as const) {
        const { state, deps } = door(withHook(limits))
        await receive(deps, plain('a'), patience)
        await assert.rejects(receive(deps, plain('b'), patience), { code })
        assert.equal(state.rows.length, 1)
      }
    })

    it('believes nothing read before of a grant of few uses', async () => {
      const { state, deps } = door()
      const known = state.grants.get(claims.grant)
      const session = state.sessions.get(claims.session)
      assert.ok(known && session)
      const before = { ...known, maxUses: 1 }
      state.grants.set(known.id, { ...before, uses: 1 })
      const { store } = deps
      const late: ReceiveDeps['store'] = {
        ...store,
        findGrant: async (id, how) => (how === 'anew' ? store.findGrant(id) : before),
        atHand: () => ({ grant: before, session }),
      }
      await refuses(
        receive({ ...deps, store: late }, knockOf(token('good'), '{"message"'), patience),
        'forbidden',
      )
    })

    it('tells who knocks that the session cannot be reached now', async () => {
      const { state, deps } = door()
      const session = state.sessions.get(claims.session)
      assert.ok(session)
      const why = 'its host "laptop" is away'
      state.sessions.set(session.id, { ...session, state: 'offline', why })
      const receipt = await receive(deps, knockOf(token('good'), message), patience)
      assert.ok(receipt.kind === 'stored')
      const { heldBecause, detail } = receipt.delivery
      assert.deepEqual([heldBecause, detail], ['offline', why])
    })

    const named = '{"message":"hi","session":"default"}'
    const refused: readonly (readonly [string, Knock, Code])[] = [
      ['a token never signed', knockOf(token('bad'), message), 'forbidden'],
      ['two different tokens', knockOf(token('good', 'bad'), message), 'forbidden'],
      ['a wrong secret', knockOf(hookAt('wake'), message, { authorization: 'Bearer no' }), 'unauthorized'],
      ['an unknown hook', knockOf(hookAt('none'), message, { authorization }), 'not_found'],
      ['a hook that is off', knockOf(hookAt('off'), message, { authorization }), 'hook_inactive'],
      ['PUT', knockOf(hookAt('wake', 'PUT'), '', { authorization }), 'method_not_allowed'],
      ['a probe of an unknown hook', knockOf(hookAt('none', 'GET'), ''), 'not_found'],
      ['a probe of a hook that is off', knockOf(hookAt('off', 'HEAD'), ''), 'hook_inactive'],
      ['a session not allowed', knockOf(hookAt('agent'), named, { authorization }), 'session_not_allowed'],
      ['bad JSON', knockOf(token('good'), '{"message"'), 'malformed'],
      ['a blank message', knockOf(token('good'), '{"message":" "}'), 'unprocessable'],
      [
        'another type',
        knockOf(token('good'), 'x', { 'content-type': 'text/html' }),
        'unsupported_media_type',
      ],
    ]
    for (const [what, knock, code] of refused)
      it(`refuses ${what} and stores nothing`, async () => {
        const { state, deps } = door()
        await refuses(receive(deps, knock, patience), code)
        assert.equal(state.rows.length, 0)
      })

    for (const hook of ['wake', 'agent', 'push'])
      for (const method of ['GET', 'HEAD'])
        it(`answers a probe of ${hook} by ${method} and stores nothing`, async () => {
          const { state, deps } = door()
          const receipt = await receive(deps, knockOf(hookAt(hook, method), ''), patience)
          assert.deepEqual(receipt, { kind: 'handshake', answer: { status: 200, headers: {}, body: '' } })
          assert.equal(state.rows.length, 0)
        })

    const challenges: readonly (readonly [string, Partial<VerifyConfig>, string])[] = [
      ['bearer', {}, 'Bearer'],
      ['bearer', { header: 'x-secret' }, 'none'],
      ['basic', { username: 'ops' }, 'Basic'],
      ['github', {}, 'none'],
      ['gitlab', {}, 'none'],
      ['microsoft-teams', {}, 'none'],
    ]
    for (const [scheme, options, challenge] of challenges)
      it(`asks for a proof by ${scheme} with the challenge ${challenge}`, async () => {
        const hooks = [hookNamed('push', { verify: { scheme, secrets: [secret], ...options } })]
        const { deps } = door({ config: () => ({ ...config, webhooks: { ...config.webhooks, hooks } }) })
        await assert.rejects(
          receive(deps, knockOf(hookAt('push'), '{}'), patience),
          (thrown) => thrown instanceof Failure && thrown.extra.challenge === challenge,
        )
      })

    it('counts nobody who shows no password before being asked', async () => {
      const { deps } = door()
      for (let i = 0; i < 5; i++)
        await refuses(receive(deps, knockOf(hookAt('wake'), ''), patience), 'unauthorized')
      const wrong = { authorization: 'Bearer no' }
      for (const code of ['unauthorized', 'unauthorized', 'rate_limited'] as const)
        await refuses(receive(deps, knockOf(hookAt('wake'), '', wrong), patience), code)
    })

    it('refuses while it drains, and hooks while they are disabled', async () => {
      await refuses(
        receive(door({ draining: () => true }).deps, knockOf(token('good'), message), patience),
        'draining',
      )
      const { deps } = door({
        config: () => ({ ...config, webhooks: { ...config.webhooks, enabled: false } }),
      })
      for (const name of ['wake', 'of-a-file-that-is-gone'])
        await refuses(
          receive(deps, knockOf(hookAt(name), message, { authorization }), patience),
          'hooks_disabled',
        )
    })

    it('slows down a peer that fails too often, but not its good tokens', async () => {
      const { deps } = door()
      for (const code of ['forbidden', 'forbidden', 'rate_limited'] as const)
        await refuses(receive(deps, knockOf(token('bad'), message), patience), code)
      assert.equal((await receive(deps, knockOf(token('good'), message), patience)).kind, 'stored')
    })

    it('ignores what the filter of a hook does not match, and stores nothing', async () => {
      const { state, deps } = door()
      const receipt = await receive(
        deps,
        knockOf(hookAt('push'), '{"text":"hi"}', { authorization }),
        patience,
      )
      assert.deepEqual(receipt, {
        ...{ kind: 'ignored', hook: 'push' },
        why: 'the filter does not match: wanted is not true',
      })
      assert.equal(state.rows.length, 0)
    })

    it('stores as failed what needs a skill that the agent lacks', async () => {
      const { state, deps } = door()
      await receive(deps, knockOf(hookAt('skilled'), '{"text":"hi"}', { authorization }), patience)
      assert.equal(state.rows[0]?.delivery.state, 'FAILED')
      assert.match(
        state.rows[0]?.draft.failed?.detail ?? '',
        /has no skill "absent"; did you mean "absente"\?$/,
      )
    })

    it('starts what it leased', async () => {
      const started: string[] = []
      const { deps } = door({ pushes: () => true, start: ({ id }) => started.push(id) })
      const receipt = await receive(deps, knockOf(token('good'), message), patience)
      assert.deepEqual(started, receipt.kind === 'stored' ? [receipt.delivery.id] : [])
      assert.equal(started.length, 1)
    })
  })

describe('sourcesOf', () => {
  const table = [
    [secret, ['wake', 'agent', 'push', 'skilled'].map((hook) => ({ kind: 'hook', hook }))],
    ['good', [{ kind: 'grant', grant: claims.grant }]],
    ['bad', []],
  ] as const
  for (const [bearer, expected] of table)
    it(`gives ${expected.length} for ${bearer}`, async () => {
      assert.deepEqual(await sourcesOf(setUp().deps, bearer, now), expected)
    })

  it('gives an expired grant what it once brought, and a revoked one nothing', async () => {
    const { state, deps } = setUp()
    const grant = state.grants.get(claims.grant) ?? assert.fail()
    state.grants.set(grant.id, { ...grant, expiresAt: now - 1 })
    assert.deepEqual(await sourcesOf(deps, 'good', now), [{ kind: 'grant', grant: grant.id }])
    state.grants.set(grant.id, { ...grant, revokedAt: now - 1 })
    assert.deepEqual(await sourcesOf(deps, 'good', now), [])
  })
})

const refuses = (promise: Promise<unknown>, code: Code) =>
  assert.rejects(promise, (thrown) => thrown instanceof Failure && thrown.code === code)
