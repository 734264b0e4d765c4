import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { secretVariables } from '../../src/config/secret-variables.ts'

const whole = {
  webhooks: {
    secret: [{ env: 'SHARED_NEW' }, { env: 'SHARED_OLD' }, { file: 'x' }],
    hooks: { a: { verify: { scheme: 'github', secret: { env: 'GITHUB' } } }, b: { secret: { env: 'OWN' } } },
  },
  server: { callbacks: { secret: { env: 'CALLBACKS' } } },
  sessions: {
    declared: {
      api: { driver: 'http', settings: { headers: { 'X-Key': { env: 'API_KEY' } } } },
      cmd: { driver: 'command', settings: { env: { LANG: 'C' } } },
    },
  },
}
const names = ['SHARED_NEW', 'SHARED_OLD', 'GITHUB', 'OWN', 'CALLBACKS', 'API_KEY']

const files: Readonly<Record<string, readonly [text: string | undefined, names: readonly string[]]>> = {
  'a whole file': [JSON.stringify(whole), names],
  'a file with a byte order mark': [`\ufeff${JSON.stringify(whole)}`, names],
  'a broken file': [`${JSON.stringify(whole, null, 2)} }`, names],
  'no file': [undefined, []],
}

for (const [title, [text, expected]] of Object.entries(files))
  test(`secretVariables names every variable of ${title}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'postern-config-'))
    const path = join(folder, 'webhooks.json')
    if (text !== undefined) await writeFile(path, text)
    assert.deepEqual(await secretVariables(path, {}), expected)
    await rm(folder, { recursive: true })
  })

test('secretVariables names every other variable with the value of a secret', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-config-'))
  const path = join(folder, 'webhooks.json')
  await writeFile(join(folder, 'key'), 'from-a-file\n')
  const secret = ['written-here', { env: 'NAMED' }, { file: 'key' }]
  const webhooks = { secret, hooks: { a: { secret: 'of-one-hook' } } }
  const notify = [{ headers: { Authorization: 'Bearer tk_1' } }]
  await writeFile(path, JSON.stringify({ webhooks, notify }))
  const env = {
    ...{ NAMED: 'from-a-variable', AGAIN: 'from-a-variable', FILED: 'from-a-file', WRITTEN: 'written-here' },
    ...{ ONE: 'of-one-hook', HEADER: 'Bearer tk_1', OTHER: 'from-elsewhere', EMPTY: '', PATH: '/bin' },
  }
  assert.deepEqual(await secretVariables(path, env), ['NAMED', 'AGAIN', 'FILED', 'WRITTEN', 'ONE', 'HEADER'])
  await writeFile(path, '{"webhooks": {"secret": {"env": "NAMED"},')
  assert.deepEqual(await secretVariables(path, env), ['NAMED', 'AGAIN'])
  await writeFile(path, '{"webhooks": {"secret": {"env": "NAMED"}}}')
  assert.deepEqual(await secretVariables(path, { NAMED: 'short', AGAIN: 'short' }), ['NAMED'])
  await rm(folder, { recursive: true })
})

test('secretVariables names the variables that open the store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-config-'))
  const path = join(folder, 'webhooks.json')
  const [address, other] = ['postgres://me:long%40word@db/x', 'postgres://me:another-word@db/y']
  const env = { POSTERN_STORE: address, DATABASE_URL: address, DB_PASSWORD: 'long@word', SECOND: other }
  assert.deepEqual(await secretVariables(path, env), ['POSTERN_STORE', 'DATABASE_URL', 'DB_PASSWORD'])
  await writeFile(path, JSON.stringify({ store: other }))
  assert.deepEqual(await secretVariables(path, { SECOND: other, DB: 'db' }), ['SECOND'])
  const open = 'postgres://me@db/postern'
  assert.deepEqual(await secretVariables(path, { POSTERN_STORE: open, SHOWN: open }), [])
  await rm(folder, { recursive: true })
})

test('secretVariables names other variables with the keys of the door', async () => {
  const env = {
    POSTERN_SIGNING_KEYS: 'k1:signing',
    SIGNING: 'k1:signing',
    POSTERN_ADMIN_TOKEN: 'the-token',
    TOKEN: 'the-token',
  }
  const names = ['POSTERN_SIGNING_KEYS', 'SIGNING', 'POSTERN_ADMIN_TOKEN', 'TOKEN']
  assert.deepEqual(await secretVariables('/nowhere/webhooks.json', env), names)
})
