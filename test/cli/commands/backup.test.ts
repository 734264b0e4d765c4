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
