import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createInstallation } from '../../src/app/installation.ts'
import { loadConfig } from '../../src/config/load.ts'
import { homeAt } from '../../src/domain/home.ts'

async function shown(file: object) {
  const root = await mkdtemp(join(tmpdir(), 'postern-installation-'))
  try {
    const home = homeAt(root)
    await mkdir(join(root, 'preferences'))
    await mkdir(home.keysDir)
    await writeFile(home.configFile, JSON.stringify(file))
    await writeFile(home.databaseFile, 'x'.repeat(2000))
    await writeFile(`${home.databaseFile}-wal`, 'x'.repeat(48))
    await writeFile(join(home.keysDir, 'admin.token'), 'the token')
    await writeFile(join(home.keysDir, '0000000000000001.key'), 'the key')
    await writeFile(join(home.keysDir, '0000000000000001.retired'), '2026-11-22T10:00:00.000Z\n')
    const config = await loadConfig({ home, env: {}, flags: {} })
    const installation = createInstallation({
      ...{ home, config: () => config, version: '1', runtime: 'r', address: () => 'http://127.0.0.1:1' },
      clock: { now: () => 5, random: () => 0, bytes: (length) => new Uint8Array(length) },
    })
    return { root, ...(await installation()) }
  } finally {
    await rm(root, { recursive: true })
  }
}

describe('createInstallation', () => {
  it('has places with sizes, ages of keys and what is off, and no secret', async () => {
    const found = await shown({})
    assert.deepEqual(
      found.places.map(({ path, bytes }) => [path.slice(found.root.length), bytes]),
      [
        ['', undefined],
        ['/preferences/webhooks.json', 2],
        ['/postern.db', 2048],
      ],
    )
    const [token, key] = found.keys
    assert.deepEqual([token?.what, token?.retiresAt], ['Admin token', undefined])
    assert.deepEqual([key?.what, key?.retiresAt], ['Signing key …000001', Date.UTC(2026, 10, 22, 10)])
    const on = found.switches.filter((one) => one.on).map(({ name }) => name)
    assert.deepEqual(on, ['Metrics', 'API explorer'])
    assert.doesNotMatch(JSON.stringify(found), /the token|the key/)
  })

  it('says what is on, and where another database is, without who enters it', async () => {
    const found = await shown({
      store: 'postgres://me:hidden-word@db.example:5432/postern',
      server: { publicUrl: 'https://door.example', metrics: 'off' },
      webhooks: { enabled: true, secret: 'Zr4w8Pq1Lx7Tn3Ys9Kd' },
      notify: [{ on: ['delivery_failed'], url: 'https://ntfy.example/x' }],
      limits: { turnsAtOnce: 2 },
    })
    assert.equal(found.places[2]?.path, 'postgres://db.example:5432/postern')
    const words = Object.fromEntries(found.switches.map(({ name, on, what }) => [name, `${on} ${what}`]))
    assert.equal(words.Hooks, 'true wake, agent and 0 of your own')
    assert.equal(words.Notices, 'true 1 receiver')
    assert.equal(words.Metrics, 'false for nobody')
    assert.equal(words['API explorer'], 'true for the admin')
    assert.ok(found.limits.some(([name, value]) => name === 'Turns at once' && value === '2'))
    assert.doesNotMatch(JSON.stringify(found), /hidden-word|Zr4w8/)
  })
})
