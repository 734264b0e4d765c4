import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cli, type Served, scratchHome, serve } from '../support/binary.ts'
import { adminToken, until } from '../support/hooks.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../support/postgres.ts'

// Two doors on one PostgreSQL: the first makes its keys, the second has an empty home and the same keys from its environment.

const skip = withoutPostgres()
type Env = Readonly<Record<string, string>>

/** As `docker run --env-file` reads it. */
const envOf = (text: string): Env =>
  Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )

describe('a door with an empty home and its keys from its environment', { skip, timeout: 180_000 }, () => {
  let database: TestPostgres
  let store: string
  let [first, second] = ['', '']
  let given: Env = {}
  let doors: readonly [Served, Served]

  const start = (home: string, env: Env = {}) => serve(home, { args: ['--store', store], env })
  const run = (args: string, home: string, env: Env = {}) => cli(args.split(' '), { home, env })
  const minted = async (home: string, env: Env = {}) => {
    const { code, stdout, stderr } = await run('expose --session default --quiet', home, env)
    assert.equal(code, 0, stderr)
    return new URL(stdout.trim()).pathname
  }
  const knock = async (door: Served, path: string) =>
    (await fetch(door.url + path, { method: 'POST', body: 'hi', headers: { 'content-type': 'text/plain' } }))
      .status
  const foundBy = async (name: string, home: string, env: Env = {}) => {
    const { stdout } = await run('doctor --json', home, env)
    const found = JSON.parse(stdout) as { name: string; verdict: string; detail: string }[]
    return found.filter((one) => one.name === name).map(({ verdict, detail }) => `${verdict}: ${detail}`)
  }

  before(async () => {
    if (skip) return
    database = await startPostgres()
    store = database.newSchema()
    ;[first, second] = [await scratchHome(), await scratchHome()]
    const left = await start(first)
    const exported = await run('keys export', first)
    assert.equal(exported.code, 0, exported.stderr)
    given = envOf(exported.stdout)
    doors = [left, await start(second, given)]
  })
  after(async () => {
    for (const door of doors ?? []) await door.stop()
    await database?.stop()
  })

  it('opens what the other signs, and signs what the other opens', async () => {
    for (const path of [await minted(first), await minted(second, given)])
      for (const door of doors) assert.equal(await knock(door, path), 202)
  })

  it('has no key in its home, and the admin of the other', async () => {
    const names = readdirSync(join(second, 'keys'))
    assert.deepEqual(
      names.filter((name) => /key$|retired$|token$/.test(name)),
      [],
    )
    const headers = { authorization: `Bearer ${await adminToken(first)}` }
    for (const { url } of doors) assert.equal((await fetch(`${url}/api/sessions`, { headers })).status, 200)
    assert.equal(existsSync(join(second, 'keys/admin.token')), false)
  })

  it('is told from where its keys come by doctor, which finds the doors alike', async () => {
    assert.deepEqual(await foundBy('signing keys', second, given), [
      'ok: from POSTERN_SIGNING_KEYS, no files',
    ])
    assert.deepEqual(await foundBy('signing keys', first), ['ok: readable, by their owner alone'])
    await until('they are alike', async () =>
      /^ok: 2 of 2 there, and alike$/.test((await foundBy('doors', second, given)).join()),
    )
  })

  it('is looked at before its first start without a key being made, which the other would lack', async () => {
    const home = await scratchHome()
    const fresh = { POSTERN_STORE: database.newSchema() }
    mkdirSync(home, { mode: 0o700 })
    assert.deepEqual(await foundBy('signing keys', home, fresh), [
      'note: none yet: the server makes the first one',
    ])
    assert.equal(existsSync(join(home, 'keys/0000000000000001.key')), false)
  })

  it('has commands that lack the variable say so, and make no key', async () => {
    for (const args of ['expose --session default', 'dashboard', 'keys export']) {
      const { code, stderr } = await run(args, second)
      assert.notEqual(code, 0)
      assert.match(
        stderr,
        /server of this home has POSTERN_(SIGNING_KEYS|ADMIN_TOKEN) .*this command needs it/,
      )
    }
    assert.match((await foundBy('home', second)).join(), /bad: .*POSTERN_SIGNING_KEYS/)
    assert.equal(existsSync(join(second, 'keys/0000000000000001.key')), false)
  })

  it('does not rotate them, and says what to do', async () => {
    const { code, stderr } = await run('keys rotate', second, given)
    assert.equal(code, 2)
    assert.match(stderr, /come from POSTERN_SIGNING_KEYS here.*postern keys export --rotate > keys\.env/)
    assert.match(
      (await run('keys new', second, given)).stderr,
      /unset POSTERN_SIGNING_KEYS, then postern keys new/,
    )
    assert.match(
      (await run('keys export --rotate', first)).stderr,
      /are files of this home: postern keys rotate/,
    )
  })

  it('does not start with a value that is malformed, or from another home', async () => {
    const starts = async (POSTERN_SIGNING_KEYS: string) => {
      const home = await scratchHome()
      await assert.rejects(start(home, { ...given, POSTERN_SIGNING_KEYS }), (thrown: Error) => {
        assert.match(thrown.message, /POSTERN_SIGNING_KEYS/)
        refusal = thrown.message
        return true
      })
      assert.deepEqual(
        readdirSync(join(home, 'keys'), { encoding: 'utf8' }).filter((name) => name.endsWith('.key')),
        [],
      )
    }
    let refusal = ''
    const whole = given.POSTERN_SIGNING_KEYS ?? ''
    await starts(whole.slice(0, -3))
    assert.match(refusal, /Key 1 of 1 \(0000000000000001\) must have 43 .* it has 40\./)
    assert.ok(!refusal.includes(whole.slice(20, 40)))
    const other = envOf((await run('keys export', await scratchHome())).stdout)
    await starts(other.POSTERN_SIGNING_KEYS ?? '')
    assert.match(
      refusal,
      /has others than they do \(0000000000000001\)\. Give it the value that postern keys export/,
    )
  })

  it('goes on with what was signed before when all have a fresh key', async () => {
    const before = await minted(second, given)
    const rotated = await run('keys export --rotate --grace 1h', second, given)
    assert.equal(rotated.code, 0, rotated.stderr)
    const fresh = envOf(rotated.stdout)
    assert.notEqual(fresh.POSTERN_SIGNING_KEYS, given.POSTERN_SIGNING_KEYS)
    for (const door of doors) await door.stop()
    // The files of the first home are no keys any more.
    doors = [await start(first, fresh), await start(second, fresh)]
    for (const path of [before, await minted(first, fresh), await minted(second, fresh)])
      for (const door of doors) assert.equal(await knock(door, path), 202)
    await assert.rejects(
      start(await scratchHome(), given),
      /lacks the end of 0000000000000001, [0-9a-f]{16}\./,
    )
  })
})
