import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { doorMark, type HostName } from '../../../src/domain/host.ts'
import { addSession, cli, createWorld, type World } from '../fake-io.ts'

const token = /^pst_host_[A-Za-z0-9_-]{43}$/
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
const hashIn = async (world: World) => (await world.store.listHosts())[0]?.tokenHash

async function worldWith(...names: readonly string[]): Promise<World> {
  const world = createWorld()
  for (const name of names) assert.equal((await cli(world, ['hosts', 'add', name])).code, 0)
  return world
}

describe('hosts add', () => {
  it('prints the token alone on standard output, and on standard error what to do with it', async () => {
    const world = createWorld()
    const { code, stdout, stderr } = await cli(world, ['hosts', 'add', 'laptop'])
    assert.equal(code, 0)
    assert.match(stdout.trimEnd(), token)
    assert.equal(stdout, `${stdout.trim()}\n`)
    assert.match(stderr, /^ {2}postern join https:\/\/host --token-file FILE$/m)
    assert.ok(!stderr.includes(stdout.trim()))
    assert.equal(await hashIn(world), hashOf(stdout.trim()))
  })

  it('says that others join by https where the door has none', async () => {
    const world = createWorld()
    const openHome = async (home: string) => ({
      ...(await world.io.openHome(home)),
      baseUrl: 'http://[::1]:7717',
    })
    const io = { ...world.io, openHome }
    const { stderr } = await cli({ ...world, io }, ['hosts', 'add', 'laptop'])
    assert.match(stderr, /postern join http:\/\/\[::1\]:7717 .*\n.*by https alone: set server\.publicUrl/)
    assert.doesNotMatch((await cli(world, ['hosts', 'add', 'vm'])).stderr, /by https alone/)
  })

  it('prints one object with --json', async () => {
    const { stdout, stderr } = await cli(createWorld(), ['hosts', 'add', 'laptop', '--json'])
    const { token: shown, ...host } = JSON.parse(stdout)
    assert.match(shown, token)
    const createdAt = '2026-11-22T10:00:00.250Z'
    assert.deepEqual(host, {
      name: 'laptop',
      kind: 'host',
      state: 'waiting',
      seenAt: null,
      createdAt,
      sessions: 0,
    })
    assert.equal(stderr, '')
  })

  const refused: readonly (readonly [argv: readonly string[], code: number, says: RegExp])[] = [
    [['hosts', 'add'], 2, /<name>/],
    [['hosts', 'add', 'My Laptop'], 2, /1 to 64 of a-z 0-9/],
    [['hosts', 'add', 'laptop'], 4, /laptop/],
    [['hosts', 'rotate', 'lapton'], 3, /There is no host "lapton"\. Did you mean laptop\?/],
    [['hosts', 'revoke', 'lapton'], 3, /There is no host "lapton"\. Did you mean laptop\?/],
    [['hosts', 'ad', 'vm'], 2, /hosts add/],
  ]
  for (const [argv, code, says] of refused)
    it(`"${argv.join(' ')}" exits with ${code}, prints no token and changes nothing`, async () => {
      const world = await worldWith('laptop')
      const before = await world.store.listHosts()
      const ran = await cli(world, argv)
      assert.deepEqual([ran.code, ran.stdout], [code, ''])
      assert.match(ran.stderr, says)
      assert.deepEqual(await world.store.listHosts(), before)
      assert.equal(world.opens, world.closes)
    })
})

describe('hosts rotate', () => {
  it('prints the new token alone, and the one before is nobody’s', async () => {
    const world = createWorld()
    const before = (await cli(world, ['hosts', 'add', 'laptop'])).stdout.trim()
    const { stdout, stderr } = await cli(world, ['hosts', 'rotate', 'laptop'])
    assert.match(stdout.trimEnd(), token)
    assert.notEqual(stdout.trim(), before)
    assert.equal(await hashIn(world), hashOf(stdout.trim()))
    assert.match(stderr, /postern join https:\/\/host --token-file FILE/)
  })
})

describe('hosts revoke', () => {
  it('says what becomes of its sessions', async () => {
    const world = await worldWith('laptop', 'vm')
    addSession(world, 'coder', { host: 'laptop' as HostName })
    assert.equal(
      (await cli(world, ['hosts', 'revoke', 'laptop'])).stderr,
      'Revoked laptop. 1 session of it is offline.\n',
    )
    assert.equal((await cli(world, ['hosts', 'revoke', 'vm'])).stderr, 'Revoked vm.\n')
    const { stdout } = await cli(world, ['hosts', 'revoke', 'laptop', '--json'])
    assert.equal(JSON.parse(stdout).state, 'revoked')
  })
})

describe('hosts ls', () => {
  it('says so where there is none', async () => {
    const world = createWorld()
    const { stdout, stderr } = await cli(world, ['hosts', 'ls'])
    assert.equal(stdout, '')
    assert.equal(stderr, 'No hosts. Let a machine join: postern hosts add <name>\n')
    assert.equal((await cli(world, ['hosts', 'ls', '--json'])).stdout, '[]\n')
  })

  it('lists by name what is waiting, there, away and revoked, without a token or its hash', async () => {
    const world = await worldWith('vm', 'laptop', 'old', 'desk')
    await world.store.attachHost('laptop' as HostName, world.now, world.now + 10_000)
    await world.store.attachHost('desk' as HostName, world.now - 20_000, world.now - 10_000)
    await cli(world, ['hosts', 'revoke', 'old'])
    addSession(world, 'coder', { host: 'laptop' as HostName })
    const { stdout } = await cli(world, ['hosts', 'ls', '--json'])
    const shown: readonly { name: string; state: string; sessions: number }[] = JSON.parse(stdout)
    assert.deepEqual(
      shown.map(({ name, state, sessions }) => `${name} ${state} ${sessions}`),
      ['desk away 0', 'laptop there 1', 'old revoked 0', 'vm waiting 0'],
    )
    for (const { tokenHash } of await world.store.listHosts()) assert.ok(!stdout.includes(tokenHash))
    const table = (await cli(world, ['hosts', 'ls'])).stdout
    assert.match(table, /^NAME +STATE +SESSIONS +SEEN +ADDED$/m)
    assert.match(table, /^laptop +there +1 +2026-11-22T10:00:00Z +2026-11-22T10:00:00Z$/m)
    assert.match(table, /^vm +waiting +0 +- +2026-11-22T10:00:00Z$/m)
    await world.store.addHost('door' as HostName, doorMark('vm:/home'), world.now)
    const kinds = (await cli(world, ['hosts', 'ls'])).stdout
    assert.match(kinds, /^NAME .* KIND$/m)
    assert.match(kinds, /^door +waiting .* door$/m)
    assert.match(kinds, /^vm +waiting .* host$/m)
  })
})
