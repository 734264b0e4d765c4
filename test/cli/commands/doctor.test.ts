import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ProbeResult } from '../../../src/cli/context.ts'
import type { DoorFacts, StoreServer } from '../../../src/domain/door.ts'
import type { Discovered, Driver } from '../../../src/domain/driver.ts'
import { Failure } from '../../../src/domain/error.ts'
import { doorMark, type HostName } from '../../../src/domain/host.ts'
import { hookOf } from '../../support/hook-pages.ts'
import { refusalOf } from '../../support/refusals.ts'
import { addDelivery, addSession, cli, createWorld, type Facts, type World } from '../fake-io.ts'

interface Found {
  readonly name: string
  readonly verdict: string
  readonly detail: string
  readonly fix: string | null
}

async function examined(world: ReturnType<typeof createWorld>, facts: Facts = {}) {
  const { code, stdout } = await cli(world, ['doctor', '--json'], facts)
  const found: readonly Found[] = JSON.parse(stdout)
  return { code, found, of: (name: string) => found.filter((one) => one.name === name) }
}

const publicUrl = (url: string | undefined, more: { host?: string; allowedHosts?: string[] } = {}) => ({
  config: async () => ({
    file: 'hooks.json',
    schema: async () => ({}),
    load: async () => ({
      printable: {},
      warnings: [],
      server: { host: '127.0.0.1', allowedHosts: [], ...(url !== undefined && { publicUrl: url }), ...more },
    }),
  }),
})

const hookTo = (session: string): Facts => ({
  hooks: async () => ({
    list: async () => [],
    targets: async () => [{ name: 'github', session, turns: true, builtIn: false }],
    curl: async () => ({ note: '', line: '' }),
    test: async () => ({ kind: 'ignored', why: '' }),
  }),
})

const answers = (reached: Partial<ProbeResult>) => ({
  probe: async () => ({ status: 200, ours: false, ...reached }),
})

/** Others can read whatever there is. */
const exposed = async (path: string) => (path.endsWith('/door.json') ? undefined : 0o755)

describe('doctor', () => {
  it('makes no signing key where there is none yet', async () => {
    const world = createWorld()
    world.kids = []
    const openHome: Facts['openHome'] = async (home) => ({
      ...(await world.io.openHome(home)),
      tokens: {
        mint: () => assert.fail('a key was made'),
        read: () => assert.fail('a key was made'),
      },
    })
    const { found } = await examined(world, { openHome })
    const keys = found.find(({ name }) => name === 'signing keys')
    assert.deepEqual([keys?.verdict, keys?.detail], ['note', 'none yet: the server makes the first one'])
  })

  it('is content with a good home and no server', async () => {
    const { code, found } = await examined(createWorld())
    assert.equal(code, 0)
    assert.deepEqual(Object.fromEntries(found.map(({ name, verdict }) => [name, verdict])), {
      program: 'ok',
      configuration: 'ok',
      home: 'ok',
      store: 'ok',
      'signing keys': 'ok',
      server: 'note',
      'public URL': 'ok',
      clock: 'ok',
      sessions: 'ok',
      hooks: 'ok',
      refusals: 'ok',
      "agents' tools": 'note',
    })
  })

  it('counts what was turned away in the last day, by cause', async () => {
    const world = createWorld()
    const hour = Math.floor(world.now / 3_600_000)
    const counted = (kind: string, count: number, guesses: number, code: 'unauthorized' | 'ignored') => ({
      ...{ hour, code, kind, count, guesses },
    })
    const refusals = Array.from({ length: 30 }, () => refusalOf({ at: world.now }))
    await world.store.recordRefusals(refusals, [
      counted('signature does not match', 1200, 1200, 'unauthorized'),
      counted('timestamp is … s old', 7, 0, 'unauthorized'),
      counted('Use POST here.', 2, 0, 'unauthorized'),
      counted('action is not "opened"', 3, 0, 'ignored'),
      { ...counted('long ago', 5, 0, 'unauthorized'), hour: hour - 30 },
    ])
    const { found, code } = await examined(world)
    assert.equal(code, 0)
    const details = found.filter(({ name }) => name === 'refusals').map(({ detail }) => detail)
    assert.equal(details.length, 4)
    assert.match(details[0] ?? '', /guessing secrets: 1200 wrong/)
    assert.equal(
      details[1],
      '1209 knocks turned away in the last day: 1200 × signature does not match, 7 × timestamp is … s old, 2 × Use POST here',
    )
    assert.match(details[2] ?? '', /^3 knocks ignored/)
    assert.match(details[3] ?? '', /every failed proof comes from one address, 192\.0\.2\.1/)
  })

  it('reports what others can read, and the command that mends it', async () => {
    const { code, stdout } = await cli(createWorld(), ['doctor'], { modeOf: exposed })
    assert.equal(code, 1)
    assert.match(stdout, /home +bad +others can read \S+postern\.db$/m)
    assert.match(stdout, /^ {2}home: .+\n {4}chmod go= \S+postern\.db$/m)
    assert.match(stdout, /^ {2}home: .+\n {4}chmod -R go= \S+keys$/m)
    assert.match(stdout, /^ {2}home: .+\n {4}chmod go= \S+admin\.token$/m)
  })

  it('names the section of the troubleshooting page that has more', async () => {
    const { stdout } = await cli(createWorld(), ['doctor'], { modeOf: exposed })
    assert.match(stdout, /^ {2}home: .+\n.+\n {4}more: postern help troubleshooting home_unusable$/m)
    assert.match(stdout, /^ {2}server: .+\n.+\n {4}more: postern help troubleshooting unreachable$/m)
  })

  it('makes no home where there is none', async () => {
    const world = createWorld()
    await cli(world, ['doctor'], { modeOf: async () => undefined })
    assert.equal(world.opens, 0)
  })

  it('reports what the store found in itself', async () => {
    const world = createWorld()
    const home = await world.io.openHome('/x')
    const store = { ...world.store, examine: async () => ['synchronous is 1, not 2: it matters'] }
    const io = { ...world.io, openHome: async () => ({ ...home, store }) }
    const { of } = await examined({ ...world, io })
    assert.deepEqual(of('store')[0]?.detail, 'synchronous is 1, not 2: it matters')
    assert.match(of('store')[0]?.fix ?? '', /postern restore BACKUP/)
  })

  const urls: readonly (readonly [title: string, facts: Facts, verdict: string, said: RegExp])[] = [
    ['leads here', { ...publicUrl('https://p.example'), ...answers({ ours: true }) }, 'ok', /leads here/],
    ['is not there', publicUrl('https://p.example'), 'bad', /nobody answers.*reverse proxy/s],
    [
      'comes with another Host',
      {
        ...publicUrl('https://p.example'),
        ...answers({ ours: true, status: 421, code: 'host_not_allowed' }),
      },
      'bad',
      /another Host.*proxy_set_header Host.*allowedHosts/s,
    ],
    [
      'is somebody else',
      { ...publicUrl('https://p.example'), ...answers({ status: 502 }) },
      'bad',
      /answers 502.*not Postern/s,
    ],
    [
      'asks for a login, as Postern does',
      { ...publicUrl('https://p.example'), ...answers({ status: 401, ours: true, code: 'unauthorized' }) },
      'ok',
      /leads here/,
    ],
    [
      'is not set although the world is let in',
      publicUrl(undefined, { host: '0.0.0.0' }),
      'bad',
      /every other Host is refused.*server\.publicUrl/s,
    ],
    [
      'is not set, but names are',
      publicUrl(undefined, { host: '0.0.0.0', allowedHosts: ['x'] }),
      'note',
      /address it listens on/,
    ],
  ]
  for (const [title, facts, verdict, text] of urls)
    it(`public URL: ${title}`, async () => {
      const world = createWorld()
      world.answer = { status: 200, body: {} }
      const { of } = await examined(world, facts)
      const [first] = of('public URL')
      assert.equal(first?.verdict, verdict)
      assert.match(`${first?.detail}\n${first?.fix}`, text)
    })

  it('names the first of three faults alone where the others follow from it', async () => {
    const broken = new Failure('config_invalid', 'webhooks.json: "port" must be a number')
    const config = async () => ({
      ...{ file: 'hooks.json', schema: async () => ({}), load: () => Promise.reject(broken) },
    })
    const hooks = () => Promise.reject(broken)
    const { found, code } = await examined(createWorld(), { config, hooks })
    const wrong = found.filter(({ verdict }) => verdict === 'bad')
    assert.deepEqual([code, wrong.map(({ name }) => name)], [1, ['configuration']])
  })

  it('does not look through a reverse proxy for a server that does not run', async () => {
    const { found, of } = await examined(createWorld(), publicUrl('https://p.example'))
    assert.equal(of('server')[0]?.fix, 'postern serve')
    assert.deepEqual(
      of('public URL').map(({ verdict, detail }) => [verdict, detail]),
      [['note', 'not looked at: the server is not running']],
    )
    assert.ok(found.every((one) => !('follows' in one)))
  })

  it('warns of a public URL that is not encrypted', async () => {
    const facts = { ...publicUrl('http://p.example'), ...answers({ ours: true }) }
    assert.match((await examined(createWorld(), facts)).of('public URL')[1]?.detail ?? '', /not encrypted/)
  })

  it('compares the clock with the world, with what is stored and with sense', async () => {
    const world = createWorld()
    const far = { ...publicUrl('https://p.example'), ...answers({ ours: true, date: world.now + 90_000 }) }
    assert.match((await examined(world, far)).of('public URL')[1]?.detail ?? '', /differ by 90 s/)
    addSession(world, 'later', { openedAt: world.now + 3_600_000 })
    const [stored] = (await examined(world)).of('clock')
    assert.deepEqual([stored?.verdict, /what is stored is from/.test(stored?.detail ?? '')], ['bad', true])
    const [unset] = (await examined(world, { now: () => 1000 })).of('clock')
    assert.match(`${unset?.detail} ${unset?.fix}`, /1970.*set-ntp true/)
  })

  it('names sessions whose agent is gone, and messages that nothing takes', async () => {
    const world = createWorld()
    addDelivery(world)
    addSession(world, 'agent', { driver: 'command' })
    addDelivery(world, { session: addSession(world, 'busy', { driver: 'command' }).id })
    const unserved = (await examined(world)).of('sessions')
    assert.match(unserved[0]?.detail ?? '', /^1 message waits in the inbox "build" until it is acknowledged$/)
    assert.match(unserved[1]?.detail ?? '', /1 message waits for "busy" and no server runs/)
    assert.equal(unserved[1]?.fix, 'postern serve')
    world.readiness = { kind: 'ended', why: 'its pane was closed' }
    const gone = (await examined(world)).of('sessions')
    assert.ok(gone.some(({ detail }) => /the agent of "agent" is gone: its pane was closed/.test(detail)))
    assert.ok(gone.some(({ fix }) => /postern session end agent/.test(fix ?? '')))
  })

  describe('doors at one store', () => {
    const facts: DoorFacts = {
      ...{ version: '1', keys: [], kid: '01' },
      ...{ secrets: { GITHUB_SECRET: 'code' }, settings: {} },
    }
    const second = 1000

    /** This home's door, and another that was there until so long ago. */
    async function worldWithDoors(awayMs: number, told: DoorFacts = facts) {
      const world = createWorld()
      for (const [name, until] of [
        ['left', -5 * second],
        ['right', awayMs],
      ] as const) {
        const host = name as HostName
        await world.store.addHost(host, doorMark(`${name}.example:/home`), world.now)
        await world.store.attachHost(host, world.now, world.now - until)
      }
      await world.store.rememberDoor('left' as HostName, facts)
      await world.store.rememberDoor('right' as HostName, told)
      const openHome: World['io']['openHome'] = async (...at) => ({
        ...(await world.io.openHome(...at)),
        host: 'left' as HostName,
      })
      return { world, look: async () => (await examined(world, { openHome })).of('doors') }
    }

    it('are counted where they are alike', async () => {
      const { look } = await worldWithDoors(-5 * second)
      assert.deepEqual(
        (await look()).map(({ verdict, detail }) => [verdict, detail]),
        [['ok', '2 of 2 there, and alike']],
      )
    })

    it('are named with what they have not in common', async () => {
      const { look } = await worldWithDoors(-5 * second, { ...facts, secrets: { GITHUB_SECRET: 'other' } })
      const [found, ...more] = await look()
      assert.deepEqual(more, [])
      assert.equal(found?.verdict, 'bad')
      assert.equal(
        found.detail,
        'the door "right" (right.example:/home) has another value for the secret GITHUB_SECRET',
      )
    })

    it('are named when they are away, until they are revoked', async () => {
      const { world, look } = await worldWithDoors(second, { ...facts, version: '2' })
      const [found, ...more] = await look()
      assert.deepEqual(more, [])
      assert.match(found?.detail ?? '', /^the door "right" \(right\.example:\/home\) is away since 2026-/)
      await world.store.revokeHost('right' as HostName, world.now)
      assert.deepEqual(await look(), [])
    })

    it('are no finding where there is but one, and no hosts', async () => {
      const { world } = await worldWithDoors(second)
      world.answer = { status: 200, body: {} }
      assert.deepEqual((await examined(world)).of('hosts'), [])
      assert.deepEqual((await examined(createWorld())).of('doors'), [])
    })
  })

  describe('a store on a server', () => {
    const server: StoreServer = {
      ...{ version: '15.4', isRemote: true, isEncrypted: true, bytes: 2_097_152, aheadMs: 10 },
      settings: { fsync: 'on', synchronous_commit: 'on' },
    }
    const look = async (changed: Partial<StoreServer> = {}, troubles: readonly string[] = []) => {
      const world = createWorld()
      const store = {
        ...world.store,
        storeServer: async () => ({ ...server, ...changed }),
        examine: async () => troubles,
      }
      const openHome: World['io']['openHome'] = async (...at) => ({
        ...(await world.io.openHome(...at)),
        store,
      })
      return (await examined(world, { openHome })).of('store')
    }

    it('is described', async () => {
      const [found, ...more] = await look()
      assert.deepEqual(more, [])
      assert.match(found?.detail ?? '', /PostgreSQL 15\.4, by TLS, 2 MiB, fsync on, synchronous_commit on$/)
    })

    const cases: readonly (readonly [string, Partial<StoreServer>, string, RegExp])[] = [
      ['without TLS', { isEncrypted: false }, 'note', /not encrypted/],
      ['with a clock that is ahead', { aheadMs: 1200 }, 'note', /1\.2 s ahead of/],
      ['with a clock that is far behind', { aheadMs: -9000 }, 'bad', /9\.0 s behind/],
    ]
    for (const [title, changed, verdict, detail] of cases)
      it(`is found out ${title}`, async () => {
        const [, found] = await look(changed)
        assert.equal(found?.verdict, verdict)
        assert.match(found.detail, detail)
      })

    it('needs no TLS on this machine, and is mended there', async () => {
      assert.equal((await look({ isRemote: false, isEncrypted: false })).length, 1)
      const [found] = await look({}, ['fsync is off'])
      assert.match(found?.fix ?? '', /postgresql\.conf/)
    })
  })

  describe('machines that may join', () => {
    const laptop = 'laptop' as HostName
    const minute = 60_000

    /** One that was there until so long ago, with messages for two sessions of its, and for one here. */
    async function worldWithHost(awayMs: number, messages: number) {
      const world = createWorld()
      world.answer = { status: 200, body: {} }
      await world.store.addHost(laptop, 'hash', world.now - 60 * minute)
      await world.store.attachHost(laptop, world.now - 30 * minute, world.now - awayMs)
      addDelivery(world)
      for (const id of ['one', 'two']) {
        const session = addSession(world, id, { driver: 'command', host: laptop, state: 'offline' })
        for (let n = 0; n < messages; n++) addDelivery(world, { session: session.id })
      }
      return world
    }

    it('are named when they are away for more than a minute while messages wait for their sessions', async () => {
      const world = await worldWithHost(minute + 1, 2)
      const found = (await examined(world)).of('hosts')
      assert.deepEqual(
        found.map(({ verdict, detail }) => [verdict, detail]),
        [
          [
            'note',
            '"laptop" has been away since 2026-11-22T09:59:00.249Z, and 4 messages wait for its sessions',
          ],
        ],
      )
      assert.match(found[0]?.fix ?? '', /postern join/)
    })

    const quiet: readonly (readonly [title: string, awayMs: number, messages: number, detail: string])[] = [
      ['for a minute and no longer', minute, 2, '0 of 1 there'],
      ['but nothing waits', 60 * minute, 0, '0 of 1 there'],
    ]
    for (const [title, awayMs, messages, detail] of quiet)
      it(`are no finding when one is away ${title}`, async () => {
        const found = (await examined(await worldWithHost(awayMs, messages))).of('hosts')
        assert.deepEqual(
          found.map((one) => [one.verdict, one.detail]),
          [['ok', detail]],
        )
      })

    it('are judged by the time of the store, whatever the wall clock shows', async () => {
      const world = await worldWithHost(-5000, 1)
      world.skew = -10 * minute
      assert.equal((await examined(world)).of('hosts')[0]?.verdict, 'note')
      world.skew = 0
      assert.equal((await examined(world)).of('hosts')[0]?.detail, '1 of 1 there')
    })

    it('are no finding of their own while no server runs, nor when they are revoked', async () => {
      const world = await worldWithHost(60 * minute, 1)
      world.answer = undefined
      assert.deepEqual((await examined(world)).of('hosts'), [])
      world.answer = { status: 200, body: {} }
      await world.store.revokeHost(laptop, world.now)
      assert.deepEqual((await examined(world)).of('hosts'), [])
    })

    it('have agents that are looked for on their own machine alone; of no machine, anywhere', async () => {
      const world = await worldWithHost(minute, 0)
      world.readiness = { kind: 'ended', why: 'its pane was closed' }
      addSession(world, 'here', { driver: 'command' })
      const gone = async (io: World['io']) => {
        const found = (await examined({ ...world, io })).of('sessions').map(({ detail }) => detail)
        return ['one', 'two', 'here'].filter((id) =>
          found.some((detail) => detail.includes(`"${id}" is gone`)),
        )
      }
      assert.deepEqual(await gone(world.io), ['here'])
      const joined = { ...(await world.io.openHome('/x')), host: laptop }
      assert.deepEqual(await gone({ ...world.io, openHome: async () => joined }), ['one', 'two', 'here'])
    })
  })

  it('names hooks that deliver to a session that is not there', async () => {
    const [found] = (await examined(createWorld(), hookTo('gone'))).of('hooks')
    assert.match(found?.detail ?? '', /"github" delivers to "gone", which does not exist/)
  })

  it('names hooks whose skill is nowhere, and what may be meant', async () => {
    const found = async (skill: string) =>
      (
        await examined(createWorld(), {
          hooks: async () => ({
            list: async () => [hookOf({ name: 'ship', session: 'build', skill })],
            targets: async () => [],
            curl: async () => ({ note: '', line: '' }),
            test: async () => ({ kind: 'ignored', why: '' }),
          }),
        })
      ).of('hooks')
    assert.equal((await found('deploy'))[0]?.verdict, 'ok')
    const [missing] = await found('deplyo')
    assert.match(
      missing?.detail ?? '',
      /"ship" asks for the skill "deplyo", which lies in no folder of skills of "build"/,
    )
    assert.match(missing?.fix ?? '', /"skill": "deploy"/)
    assert.match((await found('paint'))[0]?.fix ?? '', /SKILL\.md/)
  })

  it('a finding is cut off on a narrow terminal: says it whole above what mends it', async () => {
    const terminal = { stdin: true, stdout: true, stderr: true, columns: 60, rows: 24 }
    const { stdout } = await cli(createWorld(), ['doctor'], { ...hookTo('gone'), terminal })
    assert.match(
      stdout,
      /\n {2}hooks: "github" delivers to "gone", which [^\n…]*\n {4}postern session add gone /,
    )
  })

  it('prints the line that would add each agent, under a name that is free', async () => {
    const world = createWorld()
    addSession(world, 'helper')
    const agent = (live: boolean, add: string[], way: Discovered['way'] = 'own'): Discovered => ({
      ...{ what: 'Helper', live, way, id: 'helper', add },
    })
    const driver = (kind: string, discovered: readonly Discovered[]): Driver => ({
      kind,
      summary: kind,
      delivery: 'push',
      prepare: async (settings) => settings,
      discover: async () => discovered,
      connect: () => {
        throw new Error('only looked at')
      },
    })
    const all = [
      driver('a', [agent(false, ['--driver', 'a', '--', 'run me'])]),
      driver('b', [agent(true, ['--driver', 'b', '--target', '%5'], 'typed')]),
      driver('c', [agent(true, ['--driver', 'c'])]),
    ]
    const facts = { drivers: async () => new Map(all.map((one) => [one.kind, one])) }
    const { stdout } = await cli(world, ['doctor'], facts)
    assert.match(
      stdout,
      /\n {2}Helper \(running\): returns its answer, types nothing\n {4}postern session add helper-2 --driver c\n {2}Helper \(running\): types into its terminal; .*\n {4}postern session add helper-3 --driver b --target %5\n {2}Helper \(installed\): .*\n {4}postern session add helper-4 --driver a -- 'run me'\n$/,
    )
  })
})
