import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Claims, Grant } from '../../src/domain/grant.ts'
import { admits } from '../../src/domain/grant.ts'
import { type ExposeDeps, expose, type MintOrder } from '../../src/manage/grants.ts'

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
    store: { addGrant: async (grant) => void grants.push(grant) },
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
        assert.equal(admits(grant, claims, 'send_input', end - 1), true)
        assert.equal(admits(grant, claims, 'send_input', end), false)
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
