import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cli, createWorld } from '../fake-io.ts'

describe('backup', () => {
  it('backup writes to a path made absolute', async () => {
    const world = createWorld()
    await cli(world, ['backup', 'copy.db'])
    assert.deepEqual(world.backups, ['/somewhere/copy.db'])
  })
})

describe('restore --accept-loss', () => {
  const restored = { held: 2, revoked: 1 }

  it('tells what became of a database that was put back', async () => {
    const given: unknown[] = []
    const acceptLoss = async (_: string, options: object) => {
      given.push(options)
      return { detail: 'The store db lacks the newest transaction.', restored }
    }
    const world = createWorld()
    const { code, stderr } = await cli(world, ['restore', '--accept-loss'], { acceptLoss })
    assert.equal(code, 0)
    assert.match(stderr, /^The store db lacks/)
    assert.match(
      stderr,
      /1 open grant of the backup is revoked\..* put it back and accept it again with --keep-grants/,
    )
    assert.match(stderr, /2 messages unfinished in the backup are FAILED \(restored\)/)
    const { stdout } = await cli(world, ['restore', '--accept-loss', '--keep-grants', '--json'], {
      acceptLoss,
    })
    assert.deepEqual(JSON.parse(stdout), {
      detail: 'The store db lacks the newest transaction.',
      aside: null,
      ...restored,
    })
    assert.deepEqual(given, [{ keepGrants: false }, { keepGrants: true }])
  })
})
