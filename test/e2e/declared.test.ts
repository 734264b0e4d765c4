import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { cli, scratchHome, serve } from '../support/binary.ts'

describe('declared sessions', () => {
  it('of a kind that is not there are named by check', async () => {
    const home = await scratchHome()
    const wrong = { a: { driver: 'comand' }, b: { driver: 'command', settings: { command: ['cat'] } } }
    await mkdir(join(home, 'preferences'), { recursive: true })
    await writeFile(
      join(home, 'preferences', 'webhooks.json'),
      JSON.stringify({ sessions: { declared: wrong } }),
    )
    const { code, stdout } = await cli(['check', '--json'], { home })
    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(stdout).warnings, [
      'sessions.declared.a.driver: "comand" is no driver. Did you mean command?',
    ])
  })

  it('are open from the start, survive restarts, follow the file and respect what was added by hand', {
    timeout: 60_000,
  }, async () => {
    const home = await scratchHome()
    const declare = async (declared: object) => {
      await mkdir(join(home, 'preferences'), { recursive: true })
      await writeFile(join(home, 'preferences', 'webhooks.json'), JSON.stringify({ sessions: { declared } }))
    }
    const drivers = async () => {
      const { stdout } = await cli(['session', 'ls', '--json'], { home })
      const sessions = JSON.parse(stdout) as { id: string; driver: string; openedAt: string }[]
      return new Map(sessions.map(({ id, driver, openedAt }) => [id, { driver, openedAt }]))
    }
    await cli(['session', 'add', 'mine', '--driver', 'inbox'], { home })
    const echo = { driver: 'command', settings: { command: ['cat'] } }
    await declare({ echo, mine: echo })
    const server = await serve(home)
    const first = await drivers()
    assert.equal(first.get('echo')?.driver, 'command')
    assert.equal(first.get('mine')?.driver, 'inbox')
    await declare({ echo, later: echo, broken: { driver: 'command', settings: {} } })
    for (const end = Date.now() + 10_000; !(await drivers()).has('later'); )
      assert.ok(Date.now() < end, 'the new declaration was not followed')
    assert.match(server.stderr(), /session\.declared_failed/)
    await server.stop()
    const again = await serve(home)
    assert.equal((await drivers()).get('echo')?.openedAt, first.get('echo')?.openedAt)
    await again.stop()
  })
})
