import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTokens } from '../../src/auth/tokens.ts'
import { type Decision, decisionIdOf } from '../../src/domain/decision.ts'
import { Failure } from '../../src/domain/error.ts'
import type { Claims, GrantId } from '../../src/domain/grant.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { decideUrl, decisionBehind } from '../../src/manage/decide-link.ts'
import { build, noon } from '../support/drafts.ts'

const key = { kid: '0000000000000001', secret: new Uint8Array(32).fill(7) }
const tokens = createTokens({
  keys: { active: () => key, find: (kid) => (kid === key.kid ? key : undefined) },
})
const decision: Decision = {
  id: decisionIdOf('9f3c1a2b7d4e5f60'),
  session: build,
  generation: 'g1',
  request: { id: '1', kind: 'permission', title: 'Bash: ls', detail: 'ls' },
  state: 'open',
  openedAt: noon,
  expiresAt: noon + 60_001,
}
const store = { findDecision: async (id: string) => (id === decision.id ? decision : undefined) }
const behind = (token: string, now = noon) => decisionBehind({ tokens, store, now: () => now }, token)

const tokenIn = async () => {
  const url = await decideUrl(tokens, 'https://door.example', decision)
  assert.ok(url.startsWith('https://door.example/decide/'))
  return url.slice('https://door.example/decide/'.length)
}

test('decisionBehind finds the request of a link until its time is over', async () => {
  const token = await tokenIn()
  assert.equal(await tokenIn(), token)
  assert.equal(await behind(token), decision)
  assert.equal(await behind(token, noon + 60_000), decision)
  await assert.rejects(behind(token, noon + 60_001), /opens nothing/)
})

const good: Claims = {
  session: build,
  grant: '9f3c1a2b7d4e5f60' as GrantId,
  verb: 'decide',
  expiresAt: Math.ceil((noon + 60_001) / 1000),
}
const others: readonly (readonly [what: string, claims: Claims])[] = [
  ['of another session', { ...good, session: 'other' as SessionId, hook: undefined }],
  ['of another verb', { ...good, verb: 'send_input' }],
  ['of another end', { ...good, expiresAt: (good.expiresAt ?? 0) + 1 }],
  ['of another request', { ...good, grant: '0000000000000000' as GrantId }],
  ['of another serial', { ...good, serial: 1 }],
]
for (const [what, claims] of others)
  test(`decisionBehind refuses a token ${what}`, async () => {
    await assert.rejects(behind(await tokens.mint(claims)), (thrown) => {
      assert.ok(thrown instanceof Failure)
      assert.deepEqual([thrown.code, thrown.message], ['forbidden', 'This URL or token opens nothing.'])
      return true
    })
  })

test('decisionBehind refuses what is no token of ours', async () => {
  const token = await tokenIn()
  for (const forged of ['', 'x', `${token}x`, token.slice(0, -1), token.replace('.', '..')])
    await assert.rejects(behind(forged), /opens nothing/)
})
