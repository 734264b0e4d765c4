import assert from 'node:assert/strict'
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { deliveryIdBytes, deliveryIdOf } from '../../src/domain/delivery.ts'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { until } from '../support/hooks.ts'
import { currentPlatform } from '../support/platform.ts'

const first = resolve(import.meta.dirname, '../../src/store/migrations/0001_init.sql')

/** A home as the first version left it: two messages wait, one of them in the middle of its attempt. Never to be edited. */
async function oldHome(home: string, command: readonly string[]): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  const path = join(home, 'postern.db')
  const database = (await currentPlatform()).openDatabase(path)
  const now = Date.now()
  for (const statement of [
    await readFile(first, 'utf8'),
    'PRAGMA user_version = 1',
    'PRAGMA application_id = 1349743726',
  ])
    database.exec(statement)
  database
    .prepare(
      `INSERT INTO sessions (id, generation, driver, settings, state, opened_at) VALUES ('build', 'g1', 'command', ?, 'live', ?)`,
    )
    .run(JSON.stringify({ command, cwd: home }), now)
  const row = database.prepare(
    `INSERT INTO deliveries (seq, id, session, door, action, state, phase, received_at, stored_at, due_at, expires_at,
       attempts, tries, leased_until, message, aside)
     VALUES (?, ?, 'build', 'admin', 'input', 'PENDING', 'deliver', ?, ?, ?, ?, 0, ?, ?, ?, '{}')`,
  )
  const idOf = (seq: number) => deliveryIdOf(now - 60_000, seq, new Uint8Array(deliveryIdBytes))
  const times = [now - 60_000, now - 60_000, now - 60_000, now + 3_600_000] as const
  row.run(1, idOf(1), ...times, 1, now + 3_600_000, 'first ')
  row.run(2, idOf(2), ...times, 0, null, 'second ')
  database.prepare('INSERT INTO attempts (delivery, number, started_at) VALUES (1, 1, ?)').run(now - 60_000)
  database.exec(`INSERT INTO tallies (kind, name, n) VALUES ('state', 'PENDING', 2), ('queue', 'build', 2)`)
  database.close()
  await chmod(path, 0o600)
}

describe('a home of the first version', { timeout: 60_000 }, () => {
  it('is opened, and what waits in it goes on in its order', async () => {
    const home = await scratchHome()
    await oldHome(home, ['sh', '-c', `cat >> '${home}/said'`])
    const server = await serve(home)
    const said = () => readFile(join(home, 'said'), 'utf8').catch(() => '')
    await until('both are delivered', async () => (await said()) === 'first second ' || undefined)
    assert.equal((await cli(['send', '--session', 'build', 'third'], { home })).code, 0)
    assert.equal(await said(), 'first second third')
    const { stdout } = await cli(['deliveries', 'ls', '--json'], { home })
    const states = (JSON.parse(stdout) as { state: string }[]).map(({ state }) => state)
    assert.deepEqual(states, ['DELIVERED', 'DELIVERED', 'DELIVERED'])
    await server.stop()
  })
})
