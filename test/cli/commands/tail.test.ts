import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTail } from '../../../src/cli/commands/tail.ts'
import { fenced } from '../../../src/domain/fence.ts'
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
})
