import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { followAdminToken, givenAdminToken, openAdminToken } from '../../src/auth/admin-token.ts'
import { Failure } from '../../src/domain/error.ts'

const scratch = fs.mkdtempSync(`${tmpdir()}/postern-token-`)
after(() => fs.rmSync(scratch, { recursive: true }))

let homes = 0
const freshDir = (): string => `${scratch}/${homes++}/keys`
const modeOf = (path: string): number => fs.statSync(path).mode & 0o777
const unusable = (text: RegExp) => (thrown: unknown) =>
  thrown instanceof Failure && thrown.code === 'key_unusable' && text.test(thrown.message)

test('openAdminToken makes one token and keeps it', () => {
  const dir = freshDir()
  const token = openAdminToken(dir)
  assert.match(token, /^[\w-]{43}$/)
  assert.equal(openAdminToken(dir), token)
  assert.equal(modeOf(`${dir}/admin.token`), 0o600)
  fs.chmodSync(`${dir}/admin.token`, 0o644)
  assert.throws(() => openAdminToken(dir), unusable(/chmod 600/))
  fs.chmodSync(`${dir}/admin.token`, 0o600)
  fs.writeFileSync(`${dir}/admin.token`, 'short')
  assert.throws(() => openAdminToken(dir), unusable(/is damaged/))
})

test('openAdminToken refuses a token that can be guessed, and says how to get another', () => {
  const dir = freshDir()
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 })
  fs.writeFileSync(`${dir}/admin.token`, `${'A'.repeat(43)}\n`, { mode: 0o600 })
  assert.throws(() => openAdminToken(dir), unusable(/can be guessed\. Delete it/))
})

test('followAdminToken takes a new token at once, and keeps the last one while there is none, and tells of what is no token', () => {
  const dir = freshDir()
  const path = `${dir}/admin.token`
  const told: string[] = []
  const token = followAdminToken(dir, (why) => told.push(why))
  const first = token()
  fs.rmSync(path)
  assert.equal(token(), first)
  const second = openAdminToken(dir)
  assert.notEqual(second, first)
  assert.equal(token(), second)
  assert.deepEqual(told, [])
  fs.writeFileSync(path, 'half')
  assert.deepEqual([token(), token()], [second, second])
  assert.equal(told.length, 1)
  assert.match(told[0] ?? '', /admin\.token is damaged/)
  fs.writeFileSync(path, `${first}\n`)
  assert.equal(token(), first)
})

test('givenAdminToken takes one as postern secret prints it, and no other', () => {
  const token = Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 97 + 13) % 256)).toString('base64url')
  const given = (POSTERN_ADMIN_TOKEN?: string) => givenAdminToken({ POSTERN_ADMIN_TOKEN })
  assert.equal(given(`${token}\n`), token)
  assert.equal(given(''), undefined)
  assert.equal(given(), undefined)
  assert.throws(() => given('short'), unusable(/^POSTERN_ADMIN_TOKEN is damaged.*postern secret prints one/))
  assert.throws(() => given('A'.repeat(43)), unusable(/^POSTERN_ADMIN_TOKEN can be guessed/))
})
