import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseHostName } from '../../../src/domain/host.ts'
import type { ScreenSnapshot } from '../../../src/domain/screen-snapshot.ts'
import type { Session, SessionId } from '../../../src/domain/session.ts'
import { addDelivery, addSession, cli, createWorld, start, type World } from '../fake-io.ts'

const find = (world: ReturnType<typeof createWorld>, id: string) => world.sessions.get(id as SessionId)

describe('session add', () => {
  it('gives the driver its flags and reports how many grants point at the session', async () => {
    const world = createWorld()
    addSession(world, 'x')
    await cli(world, ['expose', '--session', 'x'])
    await cli(world, ['session', 'end', 'x'])
    const argv =
      'session add x --driver command --preset claude --set timeoutMs=500 --set note=a=b -- claude --fast'
    const { code, stderr } = await cli(world, argv.split(' '))
    assert.equal(code, 0)
    assert.match(stderr, /postern:\/sessions\/x is open \(command\)\. 1 live grant points at it\./)
    const session = find(world, 'x')
    assert.deepEqual(session?.settings, {
      cwd: '/somewhere',
      preset: 'claude',
      command: ['claude', '--fast'],
      timeoutMs: 500,
      note: 'a=b',
    })
    assert.notEqual(session?.generation, 'first of x')
  })

  it('takes a live session only with --replace, and ends the agent it replaces', async () => {
    const world = createWorld()
    const refused = await cli(world, ['session', 'add', 'build', '--driver', 'inbox'])
    assert.equal(refused.code, 4)
    assert.deepEqual([find(world, 'build')?.generation, world.ended], ['first of build', []])
    const replaced = await cli(world, ['session', 'add', 'build', '--driver', 'inbox', '--replace', '--json'])
    assert.equal(replaced.code, 0)
    assert.equal(JSON.parse(replaced.stdout).liveGrants, 0)
    assert.deepEqual(world.ended, ['build'])
  })

  it('says from which host it took a session, and whether that is there', async () => {
    const world = createWorld()
    const host = parseHostName('laptop')
    const take = async (id: string, ...more: string[]) =>
      cli(world, ['session', 'add', id, '--driver', 'inbox', '--replace', ...more])
    await world.store.addHost(host, 'hash', world.now)
    await world.store.attachHost(host, world.now, world.now + 10_000)
    addSession(world, 'x', { driver: 'pty', host })
    assert.match(
      (await cli(world, ['run', '--session', 'x', '--', 'agent'])).stderr,
      /is live on the host "laptop"/,
    )
    assert.match((await take('x')).stderr, /taken from host "laptop", which is there/)
    addSession(world, 'y', { driver: 'pty', host, state: 'offline', why: 'its host "laptop" is away' })
    const { stdout, stderr } = await take('y', '--json')
    assert.match(stderr, /taken from host "laptop", which is away/)
    assert.deepEqual(JSON.parse(stdout).takenFrom, { host, isThere: false, isRevoked: false })
    assert.doesNotMatch((await take('x')).stderr, /taken from/)
    addSession(world, 'z', { driver: 'pty', host })
    await world.store.revokeHost(host, world.now)
    assert.match((await take('z')).stderr, /taken from host "laptop", which was revoked: .* by hand/)
  })
})

describe('session add in the place of a session whose agent has ended', () => {
  it('needs no --replace', async () => {
    const world = createWorld()
    addSession(world, 'x', { driver: 'command' })
    assert.equal((await cli(world, ['session', 'add', 'x', '--driver', 'command', '--', 'agent'])).code, 4)
    world.readiness = { kind: 'ended', why: 'its pane was closed' }
    assert.match((await cli(world, ['session', 'ls'])).stdout, /^x +command +ended .* its pane was closed$/m)
    assert.equal((await cli(world, ['session', 'add', 'x', '--driver', 'command', '--', 'agent'])).code, 0)
  })
})

describe('session add --check', () => {
  it('registers what works, and prints its state', async () => {
    const world = createWorld()
    world.readiness = { kind: 'blocked', why: 'a dialog waits for a person' }
    const argv = ['session', 'add', 'x', '--driver', 'command', '--check', '--', 'agent']
    const { code, stderr } = await cli(world, argv)
    assert.equal(code, 0)
    assert.match(stderr, /is open.*\nIt is blocked: a dialog waits for a person\. Skills: unknown\.\n/)
    assert.equal(find(world, 'x')?.state, 'live')
    const { stdout } = await cli(world, [...argv.slice(0, 6), '--replace', '--json', ...argv.slice(6)])
    assert.deepEqual(JSON.parse(stdout).check, {
      works: true,
      state: 'blocked',
      why: 'a dialog waits for a person',
      skills: null,
    })
  })

  it('registers nothing that does not work', async () => {
    for (const readiness of [{ kind: 'offline', why: 'nobody answers' }, { kind: 'missing' }] as const) {
      const world = Object.assign(createWorld(), { readiness })
      const { code, stderr } = await cli(world, ['session', 'add', 'x', '--driver', 'command', '--check'])
      assert.equal(code, 1)
      assert.match(stderr, new RegExp(`nothing was registered\\. It is ${readiness.kind}`))
      assert.equal(find(world, 'x'), undefined)
      assert.deepEqual(world.ended, ['x'], 'what it left behind is put away')
    }
  })

  it('tries nothing in the place of a live session', async () => {
    const world = createWorld()
    const { code } = await cli(world, ['session', 'add', 'build', '--driver', 'command', '--check'])
    assert.deepEqual([code, find(world, 'build')?.driver], [4, 'inbox'])
  })
})

describe('session show', () => {
  it('shows the state of the agent and its last evidence', async () => {
    const world = createWorld()
    const { id } = addSession(world, 'x', { driver: 'command' })
    const show = async () => JSON.parse((await cli(world, ['session', 'show', 'x', '--json'])).stdout)
    assert.deepEqual(
      [(await show()).agent, (await show()).lastEvidence],
      [{ state: 'idle', why: null }, null],
    )
    addDelivery(world, { session: id, state: 'DELIVERED', acceptedAt: start + 5000, evidence: 'echo' })
    addDelivery(world, { session: id, state: 'FAILED' })
    assert.deepEqual((await show()).lastEvidence, { at: '2026-11-22T10:00:05.250Z', kind: 'echo' })
    const { stdout } = await cli(world, ['session', 'show', 'x'])
    assert.match(stdout, /^Agent: +idle$/m)
    assert.match(stdout, /^Evidence: +echo, 2026-11-22T10:00:05\.250Z$/m)
    const { id: delivery } = addDelivery(world, { session: id, leasedUntil: start + 99_000 })
    assert.deepEqual((await show()).agent, { state: 'busy', why: `${delivery} is on its way` })
  })

  it('begins with what happens there, and ends with what waits and what came last', async () => {
    const world = createWorld()
    const { id } = addSession(world, 'x', { driver: 'command' })
    for (const n of [1, 2, 3, 4, 5, 6]) addDelivery(world, { session: id, message: `waits ${n}` })
    addDelivery(world, { session: id, state: 'DELIVERED', message: 'came\x1b[2J' })
    const terminal = { stdin: true, stdout: true, stderr: true, columns: 60, rows: 24 }
    const facts = { terminal, env: { NO_COLOR: '1' }, now: () => start + 240_000 }
    const { stdout } = await cli(world, ['session', 'show', 'x'], facts)
    assert.match(stdout, /^Its agent is idle: a message is taken at once\.\n\nChannel: /)
    assert.doesNotMatch(stdout, /: +-$/m)
    const [, waiting = '', latest = ''] = stdout.split(/\nWaiting\n|\nLatest\n/)
    assert.deepEqual(
      waiting
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/whd_\S{9}/, 'ID')),
      [1, 2, 3, 4, 5].map((n) => `    3m  ID  PENDING    waits ${n}`),
    )
    assert.match(latest, /^ +3m {2}whd_\S{9} {2}DELIVERED {2}came\\x1b\[2J\n$/)
  })
})

describe('session ls and show', () => {
  it('list state, queue and why', async () => {
    const world = createWorld()
    addSession(world, 'gone', { state: 'ended', endedAt: start, exitCode: 3, why: 'crashed' })
    addSession(world, 'left', { state: 'ended', endedAt: start, exitCode: 7, why: 'exit code 7' })
    addDelivery(world)
    const { stdout } = await cli(world, ['session', 'ls'])
    assert.match(stdout, /^left +inbox +ended +- +0 [^,]* exit code 7$/m)
    assert.match(stdout, /^build +inbox +live +- +1 /m)
    assert.match(stdout, /^gone +inbox +ended +- +0 .* crashed, exit code 3$/m)
    const [build] = JSON.parse((await cli(world, ['session', 'ls', '--json'])).stdout)
    assert.deepEqual(build, {
      id: 'build',
      channel: 'postern:/sessions/build',
      driver: 'inbox',
      host: null,
      state: 'live',
      why: null,
      exitCode: null,
      activity: null,
      since: null,
      asks: null,
      decision: null,
      queue: 1,
      pausedAt: null,
      openedAt: '2026-11-22T09:59:00.250Z',
      endedAt: null,
    })
  })

  it('names machines where some session belongs to one, and only there', async () => {
    const world = createWorld()
    const show = async (id: string) => (await cli(world, ['session', 'show', id])).stdout
    assert.doesNotMatch((await cli(world, ['session', 'ls'])).stdout, /HOST/)
    assert.doesNotMatch(await show('build'), /^Host/m)
    addSession(world, 'far', { host: parseHostName('laptop') })
    const { stdout } = await cli(world, ['session', 'ls'])
    assert.match(stdout, /^ID +DRIVER +HOST +STATE/)
    assert.match(stdout, /^far +inbox +laptop +live /m)
    assert.match(stdout, /^build +inbox +- +live /m)
    assert.match(await show('far'), /^Host: +laptop$/m)
    assert.doesNotMatch(await show('build'), /^Host/m)
  })

  it('show no settings, which may hold keys', async () => {
    const world = createWorld()
    addSession(world, 'bot', { settings: { headers: { authorization: 'Bearer abc' } } })
    for (const argv of [
      ['session', 'show', 'bot'],
      ['session', 'show', 'bot', '--json'],
      ['session', 'ls', '--json'],
    ])
      assert.ok(!(await cli(world, argv)).stdout.includes('abc'))
    assert.equal((await cli(world, ['session', 'show', 'nobody'])).code, 3)
  })
})

describe('session end', () => {
  it('ends the agent, leaves a tombstone and fails what waits', async () => {
    const world = createWorld()
    addDelivery(world)
    const { code, stderr } = await cli(world, ['session', 'end', 'build'])
    assert.equal(code, 0)
    assert.equal(stderr, 'Ended build. 1 waiting message failed.\n')
    assert.equal(find(world, 'build')?.state, 'ended')
    assert.deepEqual(world.ended, ['build'])
    assert.equal(world.rows[0]?.delivery.failedStep, 'session_ended')
    assert.equal((await cli(world, ['session', 'end', 'build'])).code, 3)
  })

  it('ends all but the standing inboxes with --all', async () => {
    const world = createWorld()
    addSession(world, 'other')
    const { stdout } = await cli(world, ['session', 'end', '--all', '--json'])
    assert.deepEqual(
      JSON.parse(stdout).map((one: { session: string }) => one.session),
      ['build', 'other'],
    )
    assert.equal(find(world, 'default')?.state, 'live')
  })

  it('ends a session although its agent resists, and reports that', async () => {
    const world = createWorld()
    const home = await world.io.openHome('/x')
    const io = {
      ...world.io,
      openHome: async () => ({
        ...home,
        connect: async () => {
          throw new Error('no such process')
        },
      }),
    }
    const { code, stderr } = await cli({ ...world, io }, ['session', 'end', 'build'])
    assert.equal(code, 0)
    assert.match(stderr, /could not be ended: no such process/)
    assert.equal(find(world, 'build')?.state, 'ended')
  })
})

describe('run', () => {
  it('starts the program, opens the session and ends with its exit code', async () => {
    const world = createWorld()
    const { code, stderr } = await cli(world, ['run', '--session', 'agent', '--', 'claude'])
    assert.equal(code, 7)
    assert.match(stderr, /postern:\/sessions\/agent is open \(pty\)/)
    const session = find(world, 'agent')
    assert.deepEqual(session?.settings, { socket: 'run/1.sock' })
    assert.equal(session?.generation, world.started[0]?.generation)
    assert.deepEqual([...world.selves], ['agent'])
    assert.equal(world.opens, world.closes)
  })

  it('takes the place of a standing inbox without --replace', async () => {
    const world = createWorld()
    assert.equal((await cli(world, ['run', '--session', 'default', '--detach', '--', 'claude'])).code, 0)
    assert.equal(find(world, 'default')?.driver, 'pty')
  })

  it('starts nothing when a live session is in the way', async () => {
    const world = createWorld()
    const { code } = await cli(world, ['run', '--session', 'build', '--', 'claude'])
    assert.equal(code, 4)
    assert.deepEqual([world.started, find(world, 'build')?.driver], [[], 'inbox'])
  })

  it('ends the program again when its session cannot be opened', async () => {
    const world = createWorld()
    const store = { ...world.store, openSession: async () => Promise.reject(new Error('disk full')) }
    const home = await world.io.openHome('/x')
    const io = { ...world.io, openHome: async () => ({ ...home, store }) }
    const { code, stderr } = await cli({ ...world, io }, ['run', '--session', 'agent', '--', 'claude'])
    assert.equal(code, 1)
    assert.match(stderr, /disk full/)
    assert.deepEqual(world.ended, ['agent'])
  })

  it('leaves a tombstone for a program that was over at once', async () => {
    const world = createWorld()
    world.readiness = { kind: 'ended', exitCode: 1 }
    await cli(world, ['run', '--session', 'agent', '--detach', '--', 'false'])
    assert.deepEqual([find(world, 'agent')?.state, find(world, 'agent')?.exitCode], ['ended', 1])
    assert.deepEqual([...world.selves], [])
  })
})

describe('attach', () => {
  const cases: readonly (readonly [id: string, code: number])[] = [
    ['term', 7],
    ['build', 2],
    ['over', 3],
    ['nobody', 3],
  ]
  for (const [id, code] of cases)
    it(`${id} exits with ${code}`, async () => {
      const world = createWorld()
      addSession(world, 'term', { driver: 'pty' })
      addSession(world, 'over', { driver: 'pty', state: 'ended' })
      assert.equal((await cli(world, ['attach', id])).code, code)
    })

  for (const columns of [80, undefined])
    it(`says how to leave ${columns === undefined ? 'nowhere but at a terminal' : 'at a terminal'}`, async () => {
      const world = createWorld()
      addSession(world, 'term', { driver: 'pty' })
      const isTerminal = columns !== undefined
      const terminal = { stdin: isTerminal, stdout: isTerminal, stderr: isTerminal, columns: 80, rows: 24 }
      const { stderr } = await cli(world, ['attach', 'term'], { terminal })
      assert.equal(/^Ctrl-\\ leaves it running/.test(stderr), isTerminal)
    })
})

describe('session show --screen', () => {
  const screen: ScreenSnapshot = {
    ...{ columns: 12, rows: 3, changedAt: start - 5000, cursor: { column: 2, row: 0 } },
    lines: [[{ text: 'ready', width: 5, fg: 2 }], [], []],
  }
  const seen = (change: Partial<Session> = {}): World => {
    const world = Object.assign(createWorld(), { screen })
    addSession(world, 'tty', { driver: 'pty', ...change })
    return world
  }
  const argv = ['session', 'show', 'tty', '--screen']
  const terminal = { stdin: true, stdout: true, stderr: true, columns: 80, rows: 24 }

  it('prints plain text on a pipe, and colours on a terminal that wants them', async () => {
    const piped = await cli(seen(), argv)
    assert.deepEqual(piped, { code: 0, stdout: 'ready\n', stderr: 'tty, 12x3, changed 5s ago.\n' })
    assert.equal((await cli(seen(), argv, { terminal })).stdout, '\x1b[38;5;2mready\x1b[0m\n')
    assert.equal((await cli(seen(), argv, { terminal, env: { NO_COLOR: '1' } })).stdout, 'ready\n')
  })

  it('is what the API answers with --json', async () => {
    const { text, lines, cursor } = JSON.parse((await cli(seen(), [...argv, '--json'])).stdout)
    assert.deepEqual([text, lines, cursor], ['ready', screen.lines, screen.cursor])
  })

  it('says where there is no screen', async () => {
    const ended = await cli(seen({ state: 'ended' }), argv)
    assert.deepEqual([ended.code, ended.stdout], [3, ''])
    const inbox = await cli(createWorld(), ['session', 'show', 'build', '--screen'])
    assert.deepEqual([inbox.code, inbox.stdout], [1, ''])
    assert.match(inbox.stderr, /kind "inbox" has no screen/)
  })
})
