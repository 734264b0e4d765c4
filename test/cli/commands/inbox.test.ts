import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addDelivery, addSession, cli, createWorld } from '../fake-io.ts'

describe('inbox', () => {
  it('prints the oldest message until it is acknowledged', async () => {
    const world = createWorld()
    const [first, second] = [addDelivery(world, { message: 'one' }), addDelivery(world, { message: 'two' })]
    assert.equal((await cli(world, ['inbox', '--session', 'build'])).stdout, `${first.id}\none\n`)
    assert.equal((await cli(world, ['inbox', 'ack', first.id])).code, 0)
    const next = JSON.parse((await cli(world, ['inbox', '--session', 'build', '--json'])).stdout)
    assert.deepEqual([next.id, next.message, next.session], [second.id, 'two', 'build'])
  })

  const empty: readonly (readonly [argv: string[], code: number])[] = [
    [['inbox', '--session', 'build'], 3],
    [['inbox', '--session', 'build', '--wait', '--timeout', '0'], 3],
    [['inbox', '--session', 'nobody'], 3],
    [['inbox', '--session', 'over', '--wait'], 3],
    [['inbox', '--session', 'cmd'], 2],
  ]
  for (const [argv, code] of empty)
    it(`postern ${argv.join(' ')} exits with ${code}`, async () => {
      const world = createWorld()
      addSession(world, 'cmd', { driver: 'command' })
      addSession(world, 'over', { state: 'ended' })
      const ran = await cli(world, argv)
      assert.deepEqual([ran.code, ran.stdout], [code, ''])
    })

  it('waits until a message comes', async () => {
    const world = createWorld()
    const home = await world.io.openHome('/x')
    const nextLook = async () => void addDelivery(world, { message: 'late' })
    const io = { ...world.io, openHome: async () => ({ ...home, nextLook }) }
    const { stdout } = await cli({ ...world, io }, ['inbox', '--session', 'build', '--wait', '--json'])
    assert.equal(JSON.parse(stdout).message, 'late')
  })
})
