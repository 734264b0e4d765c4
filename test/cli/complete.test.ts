import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { complete } from '../../src/cli/complete.ts'
import type { Io } from '../../src/cli/context.ts'
import { commands } from '../../src/cli/index.ts'
import type { GrantId } from '../../src/domain/grant.ts'
import type { Hook } from '../../src/domain/hook.ts'
import type { HostName } from '../../src/domain/host.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { addDelivery, addSession, cli, createWorld, type Facts, type World } from './fake-io.ts'

const hooks: Io['hooks'] = async () => ({
  list: async () => [{ name: 'github', path: '/api/hooks/github' } as Hook],
  targets: async () => [],
  curl: async () => ({ note: '', line: '' }),
  test: async () => ({ kind: 'ignored', why: '' }),
})

async function worldWithAll() {
  const world = createWorld()
  for (const name of ['laptop', 'gone']) await world.store.addHost(name as HostName, '', world.now)
  await world.store.revokeHost('gone' as HostName, world.now)
  addSession(world, 'over', { state: 'ended' })
  addSession(world, 'term', { driver: 'pty' })
  const session = 'build' as SessionId
  for (const [id, change] of Object.entries({ aaaa: {}, bbbb: { revokedAt: world.now } }))
    world.grants.set(id as GrantId, {
      ...{ id: id as GrantId, session, verb: 'send_input', createdAt: world.now, uses: 0, label: 'ci' },
      ...change,
    })
  const failed = addDelivery(world, { state: 'FAILED', message: 'a\tb\n\x1b[31m' })
  return { world, failed, waiting: addDelivery(world) }
}

const texts = (stdout: string): readonly string[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0] ?? '')

async function offered(world: World, line: string, facts: Facts = { hooks }): Promise<readonly string[]> {
  const { code, stdout, stderr } = await cli(world, ['__complete', ...line.split(' ')], facts)
  assert.deepEqual([code, stderr], [0, ''])
  return texts(stdout)
}

describe('complete', () => {
  const some: readonly (readonly [line: string, offered: readonly string[], not: readonly string[]])[] = [
    ['', ['serve', 'expose', 'session', 'channel'], ['add', '--home', '__complete']],
    ['-', ['--home', '--json'], ['serve', '--session']],
    ['session ', ['add', 'ls', 'show', 'end'], ['serve']],
    ['hosts ', ['add', 'ls', 'revoke', 'rotate'], ['serve']],
    ['--home /x session ', ['add', 'ls'], ['serve']],
    ['expose ', ['--session', '--hook', '--ttl'], ['--driver']],
    ['expose --session build ', ['--ttl', '--label', '--json'], ['--session', '--driver']],
    ['expose --session build --', ['--ttl', '--label', '--json'], ['--session', '--driver']],
    ['session add x --set a=b --s', ['--set', '--socket'], []],
    ['inbox ', ['ack', '--session'], ['serve']],
    ['run --session x ', ['--detach', '--'], []],
    ['help session ', ['add', 'ls'], ['serve']],
    ['channel ', ['expose', 'ls', 'revoke'], []],
  ]
  for (const [line, wanted, not] of some)
    it(`"${line}" offers ${wanted.join(', ')}`, async () => {
      const found = await offered(createWorld(), line)
      for (const text of wanted) assert.ok(found.includes(text), `${text} in ${found}`)
      for (const text of not) assert.ok(!found.includes(text), `${text} in ${found}`)
    })

  const all: readonly (readonly [line: string, offered: readonly string[]])[] = [
    ['expose --session ', ['build', 'default', 'term', 'webhook-agent']],
    ['expose --session b', ['build']],
    ['expose --session=b', ['--session=build']],
    ['expose --session = b', ['build']],
    ['expose --session =', ['build', 'default', 'term', 'webhook-agent']],
    ['--session bu', ['build']],
    ['session show o', ['over']],
    ['session end ', ['build', 'default', 'term', 'webhook-agent']],
    ['attach ', ['term']],
    ['inbox --session ', ['build', 'default', 'webhook-agent']],
    ['revoke ', ['aaaa']],
    ['channel revoke ', ['aaaa']],
    ['deliveries ls --grant ', ['aaaa', 'bbbb']],
    ['deliveries ls --hook ', ['github']],
    ['hooks test ', ['github']],
    ['deliveries ls --state fa', ['FAILED']],
    ['session add x --driver ', ['inbox', 'command', 'pty']],
    ['session add x --preset cl', ['claude']],
    ['expose --verb send_i', ['send_input']],
    ['completions ', ['bash', 'zsh', 'fish']],
    ['hosts revoke ', ['laptop']],
    ['hosts rotate l', ['laptop']],
    ['backup ', [':files']],
    ['hooks test github --payload ', [':files']],
    ['run --session x -- ', [':files']],
    ['run --session x -- claude --', [':files']],
    ['expose --label ', []],
    ['expose --json=', []],
    ['nonsense ', []],
    [
      'expose --session build --nonsense ',
      [
        '--help',
        '--home',
        '--hook',
        '--json',
        '--label',
        '--no-color',
        '--qr',
        '--quiet',
        '--store',
        '--ttl',
        '--uses',
        '--verb',
        '--version',
      ],
    ],
  ]
  for (const [line, wanted] of all)
    it(`"${line}" offers ${wanted.join(', ') || 'nothing'} alone`, async () => {
      assert.deepEqual((await offered((await worldWithAll()).world, line)).toSorted(), wanted.toSorted())
    })

  it('offers letters of flags after a dash alone, and values after a letter', async () => {
    const { world } = await worldWithAll()
    const found = await offered(world, 'expose -')
    for (const one of ['-s', '--session', '-q', '--driver'])
      assert.equal(found.includes(one), one !== '--driver', one)
    assert.ok(!(await offered(world, 'expose --')).includes('-s'))
    assert.ok((await offered(world, 'expose -s ')).includes('build'))
  })

  it('offers of deliveries those that the command takes', async () => {
    const { world, failed, waiting } = await worldWithAll()
    assert.deepEqual(await offered(world, 'deliveries show '), [waiting.id, failed.id])
    assert.deepEqual(await offered(world, 'deliveries retry '), [failed.id])
    assert.deepEqual(await offered(world, 'inbox ack '), [waiting.id])
  })

  it('offers as an inbox every session whose messages wait to be asked, whatever its driver is called', async () => {
    const world = createWorld()
    addSession(world, 'board', { driver: 'ticket' })
    const known = await world.io.drivers()
    const ticket = { ...(known.get('inbox') ?? assert.fail()), kind: 'ticket' }
    const drivers: Io['drivers'] = async () => new Map([...known, ['ticket', ticket]])
    assert.ok((await offered(world, 'inbox --session ', { drivers })).includes('board'))
    assert.ok(!(await offered(world, 'inbox --session ')).includes('board'))
  })

  it('escapes and cuts summaries, which strangers may have written', async () => {
    const { world, failed } = await worldWithAll()
    const { stdout } = await cli(world, ['__complete', 'deliveries', 'retry', ''])
    assert.equal(stdout, `${failed.id}\tFAILED, build: a\\tb\\n\\x1b[31m\n`)
  })

  it('creates no home', async () => {
    const world = createWorld()
    assert.deepEqual(await offered(world, 'revoke ', { hasStore: async () => false }), [
      '--home',
      '--store',
      '--json',
      '--no-color',
      '--help',
      '--version',
    ])
    assert.equal(world.opens, 0)
  })

  it('looks into the home that the line names', async () => {
    const seen: string[] = []
    const hasStore = async (home: string) => seen.push(home) < 0
    await offered(createWorld(), '--home ~/there revoke ', { hasStore })
    await offered(createWorld(), 'revoke ', { hasStore, env: { POSTERN_HOME: '/env' } })
    assert.deepEqual(seen, ['/home/user/there', '/env'])
  })

  const broken: readonly (readonly [title: string, facts: Facts])[] = [
    ['the home is broken', { hasStore: () => Promise.reject(new Error('EACCES')) }],
    ['the home is not named', {}],
  ]
  for (const [title, facts] of broken)
    it(`is silent when ${title}`, async () => {
      const line = title.includes('named') ? ['--home', '', 'revoke', ''] : ['revoke', '']
      const ran = await cli(createWorld(), ['__complete', ...line], facts)
      assert.deepEqual(ran, { code: 0, stdout: '', stderr: '' })
    })

  it('gives up after its limit', async () => {
    const world = createWorld()
    let stdout = ''
    const io = {
      ...world.io,
      openHome: () => new Promise<never>(() => {}),
      stdout: (text: string) => {
        stdout += text
      },
    }
    await complete(['revoke', ''], commands, io, 1)
    assert.equal(stdout, '')
  })
})
