import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTail } from '../../../src/cli/commands/tail.ts'
import { widthOf } from '../../../src/cli/terminal-text.ts'
import { fenced } from '../../../src/domain/fence.ts'
import type { SessionId } from '../../../src/domain/session.ts'
import { addDelivery, cli, createWorld, type World } from '../fake-io.ts'

describe('deliveries tail', () => {
  const follow = async (world: World, lines: number) => {
    const seen: string[] = []
    const tail = createTail(world.store, {}, ({ message, state }) => seen.push(`${message} ${state}`))
    await tail.begin(lines)
    return { seen, tail }
  }

  it('begins with the last ones, oldest first', async () => {
    const world = createWorld()
    for (const message of ['a', 'b', 'c']) addDelivery(world, { message })
    assert.deepEqual((await follow(world, 2)).seen, ['b PENDING', 'c PENDING'])
    assert.deepEqual((await follow(world, 0)).seen, [])
  })

  it('reports what arrives and what changes, each once', async () => {
    const world = createWorld()
    const first = addDelivery(world, { message: 'a' })
    const { seen, tail } = await follow(world, 10)
    addDelivery(world, { message: 'b', state: 'DELIVERED' })
    await world.store.acknowledgeDelivery(first.id, world.now)
    await tail.catchUp()
    await tail.catchUp()
    assert.deepEqual(seen, ['a PENDING', 'a DELIVERED', 'b DELIVERED'])
  })

  it('reports what waits in an inbox or is paused once', async () => {
    const world = createWorld()
    addDelivery(world, { message: 'a' })
    const { seen, tail } = await follow(world, 10)
    addDelivery(world, { message: 'b' })
    await tail.catchUp()
    await tail.catchUp()
    assert.deepEqual(seen, ['a PENDING', 'b PENDING'])
  })

  it('shows messages without their fences', async () => {
    const world = createWorld()
    addDelivery(world, { message: fenced('Push to main', '0'.repeat(16)) })
    world.stop.abort()
    assert.match((await cli(world, ['deliveries', 'tail'])).stdout, / Push to main\n$/)
  })

  it('prints one JSON object a line until stopped', async () => {
    const world = createWorld()
    addDelivery(world, { message: 'a\nb' })
    addDelivery(world)
    world.stop.abort()
    const { code, stdout } = await cli(world, ['deliveries', 'tail', '--json'])
    assert.equal(code, 0)
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).message),
      ['a\nb', 'hello'],
    )
  })

  for (const columns of [60, 80, 120, 200])
    it(`has one line a row at ${columns} columns, with an id that show takes`, async () => {
      const world = createWorld()
      const { id } = addDelivery(world, {
        session: 'a-session-with-a-very-long-name' as SessionId,
        source: { kind: 'hook', hook: 'github' },
        message: `字${'wide 字 '.repeat(60)}`,
        heldBecause: 'session_missing',
      })
      world.stop.abort()
      const terminal = { stdin: true, stdout: true, stderr: true, columns, rows: 24 }
      const { stdout } = await cli(world, ['tail'], { terminal, env: { NO_COLOR: '1' } })
      assert.equal(stdout.split('\n').length, 2)
      assert.ok(widthOf(stdout.trimEnd()) <= columns, stdout)
      assert.ok(stdout.startsWith(`10:00:00  ${id.slice(0, 13)}  PENDING`), stdout)
      assert.equal(stdout.includes('github'), columns >= 100)
      assert.match(stdout, /session_mi|session_…/)
    })

  it('--refused follows what is turned away, one line a row, and takes no filter of deliveries', async () => {
    const world = createWorld()
    const refusal = {
      status: 403,
      code: 'forbidden' as const,
      cause: 'dead '.repeat(60),
      peer: '2001:db8::1',
    }
    await world.store.recordRefusals(
      [{ ...refusal, at: world.now, door: '/api/hooks/github', hook: 'github', requestId: 'r' }],
      [],
    )
    world.stop.abort()
    for (const columns of [60, 120]) {
      const terminal = { stdin: true, stdout: true, stderr: true, columns, rows: 24 }
      const { stdout } = await cli(world, ['tail', '--refused'], { terminal, env: { NO_COLOR: '1' } })
      assert.match(stdout, /^10:00:00 {2}403 {6}github .*dead [^\n]*…\n$/)
      assert.ok(widthOf(stdout.trimEnd()) <= columns)
    }
    const { stdout } = await cli(world, ['tail', '--refused', '--json'])
    assert.equal(JSON.parse(stdout).hook, 'github')
    assert.equal((await cli(world, ['tail', '--refused', '-s', 'build'])).code, 2)
  })
})
