import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Claims, Grant } from '../../src/domain/grant.ts'
import { admits } from '../../src/domain/grant.ts'
import type { Session, SessionId } from '../../src/domain/session.ts'
import { type ExposeDeps, expose, type MintOrder, revoke } from '../../src/manage/grants.ts'
import { sessionCalled } from '../support/drafts.ts'

const sessions: readonly Session[] = [
  sessionCalled('build' as SessionId),
  sessionCalled('silent' as SessionId, { driver: 'inbox' }),
]

interface Minter extends ExposeDeps {
  readonly grants: Grant[]
  readonly claims: Claims[]
}

function minter(now: number, defaultTtlSeconds: number | 'never' = 60): Minter {
  const [grants, claims]: [Grant[], Claims[]] = [[], []]
  return {
    grants,
    claims,
    defaultTtlSeconds,
    store: {
      addGrant: async (grant) => void grants.push(grant),
      findSession: async (id) => sessions.find((session) => session.id === id),
      listSessions: async () => sessions,
    },
    hooks: () => ['github'],
    answers: async ({ driver }) => driver === 'command',
    tokens: {
      mint: async (claim) => {
        claims.push(claim)
        return 'token'
      },
    },
    clock: { now: () => now, bytes: (length) => new Uint8Array(length).fill(0xab) },
  }
}

describe('expose', () => {
  it('puts the same facts into the row and the token', async () => {
    const deps = minter(1_000_250)
    const { grant, token } = await expose(deps, { session: 'build', label: 'ci' })
    assert.deepEqual(deps.grants, [grant])
    assert.deepEqual(grant, {
      id: 'abababababababab',
      session: 'build',
      verb: 'send_input',
      label: 'ci',
      createdAt: 1_000_250,
      expiresAt: 1_060_250,
      uses: 0,
    })
    assert.deepEqual(deps.claims, [
      { grant: 'abababababababab', session: 'build', verb: 'send_input', expiresAt: 1061 },
    ])
    assert.equal(token, 'token')
  })

  it('admits until the very millisecond of its end and not after, whatever the time of minting', async () => {
    const times = fc.integer({ min: 0, max: 4_000_000_000_000 })
    await fc.assert(
      fc.asyncProperty(times, fc.integer({ min: 1, max: 100_000 }), async (now, ttlSeconds) => {
        const deps = minter(now)
        const { grant } = await expose(deps, { session: 'build', ttlSeconds })
        const [claims] = deps.claims
        assert.ok(claims)
        const end = now + ttlSeconds * 1000
        assert.equal(admits(grant, claims, end - 1), true)
        assert.equal(admits(grant, claims, end), false)
      }),
    )
  })

  const endless: readonly (readonly [
    order: Partial<MintOrder>,
    byDefault: number | 'never',
    ends: boolean,
  ])[] = [
    [{}, 'never', false],
    [{ ttlSeconds: 0 }, 'never', false],
    [{ ttlSeconds: 'never' }, 60, false],
    [{ ttlSeconds: 5 }, 'never', true],
    [{}, 60, true],
  ]
  for (const [order, byDefault, ends] of endless)
    it(`${JSON.stringify(order)} with default ${byDefault} ${ends ? 'ends' : 'never ends'}`, async () => {
      const deps = minter(0, byDefault)
      await expose(deps, { session: 'build', ...order })
      assert.equal('expiresAt' in (deps.grants[0] ?? {}), ends)
      assert.equal('expiresAt' in (deps.claims[0] ?? {}), ends)
    })

  const refused: readonly MintOrder[] = [
    { session: 'Build' },
    { session: '' },
    { session: 'build', verb: 'toString' },
    { session: 'build', ttlSeconds: -1 },
    { session: 'build', ttlSeconds: 0.5 },
    { session: 'build', ttlSeconds: Number.NaN },
    { session: 'build', ttlSeconds: Number.POSITIVE_INFINITY },
    { session: 'build', ttlSeconds: 1e17 },
    { session: 'build', label: 'x'.repeat(201) },
  ]
  for (const order of refused)
    it(`refuses ${JSON.stringify(order).slice(0, 60)} and mints nothing`, async () => {
      const deps = minter(0)
      await assert.rejects(expose(deps, order), { code: 'usage' })
      assert.deepEqual([deps.grants, deps.claims], [[], []])
    })
})

describe('expose of a verb', () => {
  const refused: Readonly<Record<string, readonly [order: MintOrder, refusal: RegExp]>> = {
    'an unknown verb, with the nearest': [{ session: 'build', verb: 'run_trun' }, /Did you mean run_turn\?/],
    'an unknown session, with the nearest': [{ session: 'biuld' }, /Did you mean build\?/],
    'an unknown hook, with the nearest': [{ hook: 'gihub' }, /no such hook\. Did you mean github\?/],
    'a session and a hook': [{ session: 'build', hook: 'github' }, /not both/],
    'nothing to open': [{}, /name the session/],
    'post_hook without a hook': [{ session: 'build', verb: 'post_hook' }, /post_hook opens a hook/],
    'another verb with a hook': [{ hook: 'github', verb: 'run_turn' }, /run_turn opens a session/],
    'run_turn where a session cannot tell its answers': [{ session: 'silent', verb: 'run_turn' }, /inbox/],
  }
  for (const [title, [order, refusal]] of Object.entries(refused))
    it(`refuses ${title}, and mints nothing`, async () => {
      const deps = minter(0)
      await assert.rejects(expose(deps, order), refusal)
      assert.deepEqual([deps.grants, deps.claims], [[], []])
    })

  it('run_turn and post_hook put their channel into the row and the token', async () => {
    const deps = minter(0, 'never')
    await expose(deps, { session: 'build', verb: 'run_turn' })
    await expose(deps, { hook: 'github' })
    await expose(deps, { hook: 'agent', verb: 'post_hook' })
    const facts = { id: 'abababababababab', createdAt: 0, uses: 0 }
    assert.deepEqual(deps.grants, [
      { ...facts, session: 'build', verb: 'run_turn' },
      { ...facts, hook: 'github', verb: 'post_hook' },
      { ...facts, hook: 'agent', verb: 'post_hook' },
    ])
    const grant = 'abababababababab'
    assert.deepEqual(deps.claims, [
      { grant, session: 'build', verb: 'run_turn' },
      { grant, hook: 'github', verb: 'post_hook' },
      { grant, hook: 'agent', verb: 'post_hook' },
    ])
  })

  it('admits nothing whose row and token differ in verb or channel, or do not fit together', async () => {
    const deps = minter(0, 'never')
    await expose(deps, { session: 'build', verb: 'run_turn' })
    await expose(deps, { hook: 'build' }).catch(() => expose(deps, { hook: 'github' }))
    const [[turn, post], [turnClaims, postClaims]] = [deps.grants, deps.claims]
    assert.ok(turn && post && turnClaims && postClaims)
    assert.equal(admits(turn, turnClaims, 0), true)
    assert.equal(admits(post, postClaims, 0), true)
    const odd: readonly (readonly [Grant, Claims])[] = [
      [turn, { ...turnClaims, verb: 'send_input' }],
      [{ ...turn, verb: 'send_input' }, turnClaims],
      [turn, postClaims],
      [post, turnClaims],
      [
        { ...post, verb: 'run_turn' },
        { ...postClaims, verb: 'run_turn' },
      ],
      [
        { ...turn, verb: 'post_hook' },
        { ...turnClaims, verb: 'post_hook' },
      ],
    ]
    for (const [grant, claims] of odd) assert.equal(admits(grant, claims, 0), false)
  })
})

describe('revoke', () => {
  const grant = { id: 'abcdef0123456789' } as Grant
  const store = {
    listGrants: async ({ idPrefix = '' }) => [grant].filter(({ id }) => id.startsWith(idPrefix)),
    revokeGrant: async () => grant,
  }
  const clock = { now: () => 0 }

  for (const beginning of ['abcd', 'abcdef0', grant.id])
    it(`takes the beginning "${beginning}" of an id`, async () => {
      assert.equal(await revoke({ store, clock }, beginning), grant)
    })

  for (const beginning of ['', 'a', 'ab', 'abc', 'abcdef01234567890', 'ABCD', 'abc%'])
    it(`refuses "${beginning}" as too little or no beginning of an id`, async () => {
      await assert.rejects(revoke({ store, clock }, beginning), { code: 'usage' })
    })
})
