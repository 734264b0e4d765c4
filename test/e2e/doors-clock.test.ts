import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pause } from '../../src/wait.ts'
import { adminOf } from '../support/admin-api.ts'
import { cli, scratchHome, serve } from '../support/binary.ts'
import { knock } from '../support/fleet.ts'
import { until } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'
import { buildPreload, noPreload } from '../support/preload.ts'

// Two doors at one store, on machines whose clocks differ.

const skip = withoutPostgres() || noPreload
let database: TestPostgres
before(async () => {
  if (!skip) database = await startPostgres()
})
after(() => database?.stop())

const leaseMs = 10_000
const livesSeconds = 5

describe('a door whose clock is wrong', { skip }, () => {
  const library = skip ? '' : buildPreload('clock')

  for (const offset of [300, -300])
    it(`by ${offset} s is there, and so are its sessions for the other; what ends at one ends at both`, {
      timeout: 100_000,
    }, async () => {
      const store = database.newSchema()
      const door = async (seconds: number, keysFrom?: string) => {
        const home = await scratchHome()
        const file = join(dirname(home), 'offset')
        writeFileSync(file, `${seconds}\n`)
        if (keysFrom !== undefined) {
          mkdirSync(join(home, 'keys'), { recursive: true, mode: 0o700 })
          for (const key of readdirSync(join(keysFrom, 'keys')).filter((name) => /\.(key|token)$/.test(name)))
            cpSync(join(keysFrom, 'keys', key), join(home, 'keys', key))
        }
        const env = { POSTERN_STORE: store, LD_PRELOAD: library, CLOCK_OFFSET: file }
        const server = await serve(home, { env })
        const postern = async (...args: readonly string[]) => {
          const { code, stdout, stderr } = await cli(args, { home, env })
          assert.equal(code, 0, stderr)
          return stdout
        }
        return { home, server, postern, env }
      }
      const right = await door(0)
      const wrong = await door(offset, right.home)
      const [add, command] = [
        ['session', 'add'],
        ['--driver', 'command', '--', 'cat'],
      ]
      await right.postern(...add, 'here', ...command)
      await wrong.postern(...add, 'there', ...command)
      await pause(leaseMs + 2000)
      for (const { postern } of [right, wrong]) {
        const hosts = JSON.parse(await postern('hosts', 'ls', '--json')) as { state: string }[]
        assert.deepEqual(
          hosts.map(({ state }) => state),
          ['there', 'there'],
        )
      }
      for (const session of ['here', 'there']) {
        const url = (await right.postern('expose', '--session', session, '--quiet')).trim()
        for (const { server } of [right, wrong])
          assert.equal((await knock(server.url + new URL(url).pathname, 'x', 10)).status, 200)
      }
      for (const minting of [right, wrong]) {
        const admin = adminOf(minting.home, () => minting.server)
        const { path } = await admin.mint({ session: 'default', ttlSeconds: livesSeconds })
        const mintedAt = performance.now()
        const statuses = async (message: string) =>
          (await Promise.all([right, wrong].map(({ server }) => knock(server.url + path, message)))).map(
            ({ status }) => status,
          )
        assert.deepEqual(await statuses('young'), [202, 202])
        const { url } = await admin.ask<{ url: string }>('POST', 'dashboard/links')
        const other = minting === right ? wrong : right
        assert.equal((await fetch(other.server.url + new URL(url).pathname)).status, 200)
        await pause(livesSeconds * 1000 + 1500 - (performance.now() - mintedAt))
        assert.deepEqual(await statuses('old'), [403, 403])
      }
      const { stdout } = await cli(['ls', '--json'], { home: wrong.home, env: wrong.env })
      const times = (JSON.parse(stdout) as { createdAt: string }[]).map(({ createdAt }) =>
        Date.parse(createdAt),
      )
      assert.ok(
        times.every((at) => Math.abs(at - Date.now()) < 60_000),
        'written by the wrong clock',
      )
      await right.server.stop()
      await wrong.server.stop()
    })

  it('while it runs says so in its log, once for each jump, and goes on by the clock of the database', {
    timeout: 60_000,
  }, async () => {
    const home = await scratchHome()
    const file = join(dirname(home), 'offset')
    const set = (seconds: number) => writeFileSync(file, `${seconds}\n`)
    set(0)
    const env = { POSTERN_STORE: database.newSchema(), LD_PRELOAD: library, CLOCK_OFFSET: file }
    const server = await serve(home, { env })
    const jumps = () =>
      [...server.stderr().matchAll(/"clock\.jumped".*"seconds":(-?\d+)/g)].map(([, seconds]) =>
        Number(seconds),
      )
    const { path } = await adminOf(home, () => server).mint({ session: 'default', ttlSeconds: 600 })
    assert.deepEqual(jumps(), [])
    set(3600)
    await until('it has logged the jump', () => jumps().length > 0 || undefined)
    set(-60)
    await until('it has logged the other', () => jumps().length > 1 || undefined)
    await pause(2500)
    assert.equal(jumps().length, 2)
    for (const [at, seconds] of [3600, -3660].entries())
      assert.ok(Math.abs((jumps()[at] ?? 0) - seconds) <= 2, jumps().join())
    assert.equal((await knock(server.url + path, 'still open')).status, 202)
    await server.stop()
  })
})
