import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cli, createWorld } from '../fake-io.ts'

describe('secret', () => {
  it('secret is 32 random bytes, and different each time', async () => {
    const world = createWorld()
    const [a, b] = [await cli(world, ['secret']), await cli(world, ['secret'])]
    assert.match(a.stdout, /^[A-Za-z0-9_-]{43}\n$/)
    assert.notEqual(a.stdout, b.stdout)
  })
})
