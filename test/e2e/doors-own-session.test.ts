import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { noTmux } from '../drivers/tmux/harness.ts'
import { binary, cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { until } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'
import { noTerminals } from '../support/terminal.ts'

// Agents at a door whose keys are in its server's environment alone: kept out of theirs, and out of that of who registers them.

const skip = withoutPostgres() || (noTmux() ?? false)
const exec = promisify(execFile)

describe('an agent at a door with its keys by variable', { skip, timeout: 100_000 }, () => {
  let database: TestPostgres
  let [home, folder, socket] = ['', '', '']
  let env: Readonly<Record<string, string>> = {}
  let server: Served

  before(async () => {
    if (skip) return
    database = await startPostgres()
    home = await scratchHome()
    folder = dirname(home)
    socket = join(folder, 'tmux')
    const { stdout } = await cli(['keys', 'export'], { home: await scratchHome() })
    env = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/s).slice(0, 2)),
    )
    server = await serve(home, { args: ['--store', database.newSchema()], env })
  })
  after(async () => {
    await exec('tmux', ['-S', socket, 'kill-server']).catch(() => {})
    await server?.stop()
    await database?.stop()
  })

  const run = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await cli(args, { home })
    assert.equal(code, 0, stderr)
    return stdout
  }
  /** A program that waits for Enter, and then asks for a wait. */
  const asking = (name: string) =>
    `read line; env -i PATH="$PATH" HOME="$HOME" POSTERN_HOME=${home} ${binary().join(' ')} wait --what CI --quiet > ${folder}/${name}.out 2> ${folder}/${name}.err; touch ${folder}/${name}.over; cat`
  const said = async (name: string) => {
    await until('it has asked', () => existsSync(join(folder, `${name}.over`)) || undefined, 30_000)
    return {
      out: readFileSync(join(folder, `${name}.out`), 'utf8').trim(),
      err: readFileSync(join(folder, `${name}.err`), 'utf8'),
    }
  }
  const pane = async (name: string) => {
    const args = ['-S', socket, '-f', '/dev/null', 'new-session', '-d', '-s', name, 'sh', '-c', asking(name)]
    await exec('tmux', args)
    await run('session', 'add', name, '--driver', 'tmux', '--target', `=${name}:`, '--socket', socket)
    return () => exec('tmux', ['-S', socket, 'send-keys', '-t', `=${name}:`, 'Enter'])
  }
  const left = () => readdirSync(join(home, 'run')).filter((file) => file.endsWith('.asked'))

  it('that was only registered mints by descent: its server signs', async () => {
    const enter = await pane('pane')
    await enter()
    const { out, err } = await said('pane')
    assert.match(out, /^http.*\/hook\//, err)
    const answered = await fetch(out, {
      method: 'POST',
      body: 'green',
      headers: { 'content-type': 'text/plain' },
    })
    assert.ok(answered.ok, `${answered.status}`)
    assert.deepEqual(left(), [])
    assert.match(await run('ls', '--session', 'pane'), /mint_own/)
  })

  async function testTerminal(): Promise<void> {
    await run('run', '--session', 'own', '--detach', '--', 'cat')
    const selves = () => readdirSync(join(home, 'run')).filter((file) => file.endsWith('.self')).length
    const before = selves()
    await run('session', 'end', 'own')
    await until('it is gone', async () => selves() === before - 1 || undefined, 15_000)
  }
  if (noTerminals === undefined)
    it(
      'that is started by postern run has its capability from the server, and loses it at the end',
      testTerminal,
    )

  it('gets nothing for an opening that is not there, whatever asks', async () => {
    const asked = join(home, 'run', 'deadbeefdeadbeef.asked')
    for (const session of ['pane', 'nobody', '../pane', '']) {
      writeFileSync(asked, session, { mode: 0o600 })
      await until('it is answered', () => !existsSync(asked) || undefined, 5000)
      assert.equal(existsSync(join(home, 'run', 'deadbeefdeadbeef.self')), false)
    }
  })

  it('is told what to do while no server is there that could sign', async () => {
    const enter = await pane('late')
    assert.equal(await server.stop(), 0)
    await enter()
    const { out, err } = await said('late')
    assert.equal(out, '')
    assert.match(err, /alone has POSTERN_SIGNING_KEYS, and is not there to sign .*"late"\. Start it, or give/)
    assert.deepEqual(left(), [])
  })
})
