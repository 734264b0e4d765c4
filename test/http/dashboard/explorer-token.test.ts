import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAdminCheck } from '../../../src/http/credentials.ts'
import { explorerTokenOf, isExplorerToken } from '../../../src/http/dashboard/explorer-token.ts'
import { createLogins } from '../../../src/http/dashboard/logins.ts'

test('an explorer token opens the API as long as its login lasts, and says nothing of it', () => {
  let n = 0
  const logins = createLogins({ now: () => 0, bytes: () => Buffer.from(String(n++).padStart(32, '0')) })
  const standsFor = (token: string) =>
    isExplorerToken(
      () => logins,
      () => 'the-admin-token',
      token,
    )
  const admin = createAdminCheck({ adminToken: () => 'the-admin-token', standsFor, failed: () => 0 })
  const opens = (token: string) =>
    admin.holds(new Request('http://localhost/api', { headers: { authorization: `Bearer ${token}` } }))
  const { secret, login } = logins.open()
  const token = explorerTokenOf(login, 'the-admin-token')
  assert.equal(opens(explorerTokenOf(login, 'another-token')), false, 'what is kept of a login opens nothing')
  assert.ok(opens(token) && opens('the-admin-token'))
  for (const other of [secret, login.csrf, login.id, `${token}x`, token.slice(0, -1), 'login_', ''])
    assert.equal(opens(other), false, other)
  for (const hidden of [secret, login.csrf]) assert.ok(!token.includes(hidden))
  logins.close(secret)
  assert.equal(opens(token), false)
})
