import assert from 'node:assert/strict'
import { test } from 'node:test'
import { safeNext } from '../../../src/http/dashboard/login-routes.ts'

test('safeNext goes only to pages of ours, by an address that a header can carry', () => {
  for (const good of ['/dashboard', '/dashboard/hooks/a?chart=7d', '/docs', '/docs?x=%E2%98%83'])
    assert.equal(safeNext(good), good)
  const others = [
    '/dashboard?a=☃',
    '/dashboard/\n',
    '/dashboard/ x',
    '/docs\\evil',
    '//evil',
    '/dashboard/login',
  ]
  for (const bad of [null, '', 'https://evil.example', ...others]) assert.equal(safeNext(bad), '/dashboard')
})
