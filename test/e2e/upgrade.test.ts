import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { until } from '../support/hooks.ts'
import { insertOld, oldDatabase } from '../support/old-database.ts'

/** A home as the first version left it: two messages wait, one of them in the middle of its attempt. Never to be edited. */
async function oldHome(home: string, command: readonly string[]): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  const now = Date.now()
  await oldDatabase(join(home, 'postern.db'), (database) => {
    database
      .prepare(
        `INSERT INTO sessions (id, generation, driver, settings, state, opened_at) VALUES ('build', 'g1', 'command', ?, 'live', ?)`,
      )
      .run(JSON.stringify({ command, cwd: home }), now)
    insertOld(database, 1, now - 60_000, { tries: 1, leased_until: now + 3_600_000, message: 'first ' })
    insertOld(database, 2, now - 60_000, { reason: 'busy', detail: 'a turn runs', message: 'second ' })
    database.prepare('INSERT INTO attempts (delivery, number, started_at) VALUES (1, 1, ?)').run(now - 60_000)
    database.exec(`INSERT INTO tallies (kind, name, n) VALUES ('state', 'PENDING', 2), ('queue', 'build', 2)`)
  })
}

const copyOf = async (home: string): Promise<string> => {
  const [copy, ...more] = (await readdir(home)).filter((file) => file.startsWith('postern.db.schema-1-'))
  assert.deepEqual(more, [])
  assert.equal((await stat(join(home, copy ?? ''))).mode & 0o777, 0o600)
  return join(home, copy ?? '')
}

describe('a home of the first version', { timeout: 60_000 }, () => {
  it('is opened, and what waits in it goes on in its order', async () => {
    const home = await scratchHome()
    await oldHome(home, ['sh', '-c', `cat >> '${home}/said'`])
    const server = await serve(home)
    const log = server
      .stderr()
      .split('\n')
      .find((line) => line.includes('store.upgraded'))
    assert.equal(JSON.parse(log ?? '{}').copy, await copyOf(home))
    const said = () => readFile(join(home, 'said'), 'utf8').catch(() => '')
    await until('both are delivered', async () => (await said()) === 'first second ' || undefined)
    assert.equal((await cli(['send', '--session', 'build', 'third'], { home })).code, 0)
    assert.equal(await said(), 'first second third')
    const { stdout } = await cli(['deliveries', 'ls', '--json'], { home })
    const states = (JSON.parse(stdout) as { state: string }[]).map(({ state }) => state)
    assert.deepEqual(states, ['DELIVERED', 'DELIVERED', 'DELIVERED'])
    await server.stop()
  })
  it('is upgraded by a command, too, which says where the old database lies', async () => {
    const home = await scratchHome()
    await oldHome(home, ['true'])
    const { stdout, stderr } = await cli(['deliveries', 'ls', '--json'], { home })
    const held = (JSON.parse(stdout) as { heldBecause: string | null }[]).map(
      ({ heldBecause }) => heldBecause,
    )
    assert.deepEqual(held, ['busy', null])
    assert.ok(stderr.includes(await copyOf(home)), stderr)
    assert.equal((await cli(['deliveries', 'ls'], { home })).stderr, '')
  })
})
