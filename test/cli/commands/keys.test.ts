import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cli, createWorld } from '../fake-io.ts'

describe('keys rotate', () => {
  const graces: readonly (readonly [grace: string[], olderRetireAt: string])[] = [
    [[], '2026-11-22T11:00:00.250Z'],
    [['--grace', '0'], '2026-11-22T10:00:00.250Z'],
    [['--grace', '60'], '2026-11-22T10:01:00.250Z'],
    [['--grace', '2d'], '2026-11-24T10:00:00.250Z'],
  ]
  for (const [grace, olderRetireAt] of graces)
    it(`keys rotate ${grace.join(' ')}`, async () => {
      const { stdout } = await cli(createWorld(), ['keys', 'rotate', '--json', ...grace])
      assert.deepEqual(JSON.parse(stdout), { kid: 'k2', olderRetireAt })
    })

  it('keys rotate names the homes that need the new key, too', async () => {
    const world = createWorld()
    world.elsewhere = [{ door: 'right', place: 'b.example:/var/lib/postern' }]
    const { stderr } = await cli(world, ['keys', 'rotate'])
    assert.match(stderr, /door "right" needs .* in b\.example:\/var\/lib\/postern\/keys now/)
  })
})
