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

describe('keys export', () => {
  it('prints two variables, and what they are beside them', async () => {
    const { stdout, stderr } = await cli(createWorld(), ['keys', 'export'])
    assert.equal(stdout, 'POSTERN_SIGNING_KEYS=k1:s1\nPOSTERN_ADMIN_TOKEN=a1\n')
    assert.match(stderr, /can sign URLs and is the admin/)
    const json = await cli(createWorld(), ['keys', 'export', '--json'])
    assert.deepEqual(JSON.parse(json.stdout), { POSTERN_SIGNING_KEYS: 'k1:s1', POSTERN_ADMIN_TOKEN: 'a1' })
  })

  it('prints nothing on a terminal unless it is asked to', async () => {
    const world = createWorld()
    const terminal = { ...world.io.terminal, stdout: true }
    for (const args of [[], ['--json']]) {
      const { code, stdout, stderr } = await cli(world, ['keys', 'export', ...args], { terminal })
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.match(stderr, /umask 077; postern keys export > keys\.env.*--show/)
    }
    const { stdout } = await cli(world, ['keys', 'export', '--show'], { terminal })
    assert.match(stdout, /^POSTERN_SIGNING_KEYS=k1:s1$/m)
  })

  it('prints them with a fresh key, and says what to do with it', async () => {
    const { stdout, stderr } = await cli(createWorld(), ['keys', 'export', '--rotate', '--grace', '60'])
    assert.match(stdout, /^POSTERN_SIGNING_KEYS=k1:s1:60000,k2:s2$/m)
    assert.match(stderr, /every door, and restart all at once/)
    assert.equal((await cli(createWorld(), ['keys', 'export', '--grace', '60'])).code, 2)
  })
})
