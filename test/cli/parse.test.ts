import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { globalFlags } from '../../src/cli/command.ts'
import { exitCodes } from '../../src/cli/exit.ts'
import { commands } from '../../src/cli/index.ts'
import { letterOf } from '../../src/cli/short-flags.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { grantOf } from '../support/drafts.ts'
import { addDelivery, cli, createWorld } from './fake-io.ts'

describe('a command line used wrongly', () => {
  const cases: readonly (readonly [argv: readonly string[], said: RegExp])[] = [
    [
      ['expose', '--sesion', 'build'],
      /Unknown flag --sesion for "postern expose"\. Did you mean --session\?/,
    ],
    [['expose', '--session', 'build', '--lable', 'x'], /Did you mean --label\?/],
    [
      ['expose', '--session', 'build', '--xyzzyplugh'],
      /Unknown flag --xyzzyplugh.*Known: .*--session.*--json/,
    ],
    [['expose', '-session', 'build'], /Unknown flag -session.*Did you mean --session\?/],
    [['ls', '--ttl', '5'], /Unknown flag --ttl for "postern ls"/],
    [['--hom', '/x', 'ls'], /Did you mean --home\?/],
    [['expos'], /Unknown command "expos"\. Did you mean postern expose\?/],
    [['sesion', 'add', 'x'], /Unknown command "sesion"\. Did you mean postern session add\?/],
    [['session', 'lst'], /Unknown command "session lst"\. Did you mean postern session ls\?/],
    [['deliveries', 'frobnicate'], /Known: postern deliveries ls, /],
    [
      ['expose', '--session', 'build', '--uses', '0'],
      /--uses is a whole number from 1 to 1000000000, not "0"/,
    ],
    [['deliveries', 'ls', '--limit', '0'], /--limit is a whole number from 1 to 1000000, not "0"/],
    [['refusals', 'ls', '--limit', '0'], /--limit is a whole number from 1 to 1000000, not "0"/],
    [['notices', 'ls', '--limit', '0'], /--limit is a whole number from 1 to 1000000, not "0"/],
    [['deliveries', 'ls', '--since', 'x'.repeat(100_000)], /not "x{1,200}…$/m],
    [['x'.repeat(100_000)], /Unknown command "x{1,200}… Known: /],
    [['expose'], /needs --session <id>/],
    [['expose', '--session'], /--session needs a value/],
    [['expose', '--session', '--json'], /--session needs a value/],
    [['expose', '--ttl', '--session', 'build'], /--ttl needs a value/],
    [['run', '--session', '--', 'claude'], /--session needs a value/],
    [['expose', '--session', '--lable', 'x'], /Unknown flag --lable/],
    [['expose', '--session', 'a', '--session', 'b'], /more than once/],
    [['expose', '-qh', '--session', 'a'], /Unknown flag -qh/],
    [['expose', '-q=x', '--session', 'a'], /Unknown flag -q/],
    [['ls', '--__proto__', 'x'], /Unknown flag --__proto__/],
    [['ls', '--json=yes'], /--json is a switch/],
    [['ls', 'surplus'], /"surplus" is too much/],
    [['revoke'], /needs <grant-id>/],
    [['ls', '--', 'x'], /Nothing may follow "--"/],
    [['run', '--session', 'x'], /after "--"/],
    [['run', '--session', 'x', 'claude'], /"claude" is too much; put the command after "--"/],
    [['expose', '--session', 'Build!'], /A session id is/],
    [['expose', '--session', 'build', '--verb', 'dance'], /no verb "dance".*send_input/],
    [['expose', '--session', 'build', '--ttl', '1.5'], /--ttl is a time such as 90s/],
    [['expose', '--session', 'build', '--ttl', '-1'], /--ttl is a time such as 90s/],
    [['expose', '--session', 'build', '--ttl', '2w'], /or whole seconds, not "2w"/],
    [['expose', '--session', 'build', '--ttl', '99999999999'], /at most a hundred years/],
    [['expose', '--session', 'build', '--json', '--quiet'], /Choose one/],
    [['serve', '--port', '65536'], /--port is a whole number from 0 to 65535/],
    [['serve', '--tls-cert', 'x'], /belong together/],
    [['session', 'end'], /Name one session, or give --all/],
    [['session', 'end', 'build', '--all'], /Name one session, or give --all/],
    [['session', 'add', 'x', '--driver', 'telepathy'], /no driver "telepathy".*command, inbox, pty/],
    [['session', 'add', 'x', '--driver', 'inbox', '--set', 'nothing'], /NAME=VALUE/],
    [['deliveries', 'ls', '--state', 'lost'], /PENDING, RETRY, DELIVERED, FAILED/],
    [['keys', 'rotate', '--grace', '1 hour'], /90s, 10m, 1h or 2d/],
    [['completions', 'korn'], /bash, zsh, fish/],
    [['completions', 'bsh'], /Did you mean bash\?/],
    [['deliveries', 'ls', '--state', 'faild'], /Did you mean FAILED\?/],
    [['session', 'add', 'x', '--driver', 'comand'], /Did you mean command\?/],
    [['sesion'], /Did you mean postern session\?/],
    [['complet'], /Did you mean postern completions\?/],
    [['inbox', 'akc', 'whd_x'], /Did you mean postern inbox ack\?/],
    [['help', 'nonsense'], /Unknown command "nonsense"/],
    [['--home', '', 'ls'], /--home must name a directory/],
    [['send', '--session', 'build'], /Give a message/],
  ]
  for (const [argv, message] of cases)
    it(`postern ${argv.join(' ')} → 2, nothing stored, nothing on stdout`, async () => {
      const world = createWorld()
      const sessions = world.sessions.size
      const { code, stdout, stderr } = await cli(world, argv)
      assert.match(stderr, message)
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.deepEqual([world.grants.size, world.sessions.size, world.started.length], [0, sessions, 0])
      assert.equal(world.opens, world.closes)
    })
})

describe('a name that there is not', () => {
  const grant = { session: 'build' as SessionId, label: 'ci, main branch' }
  const cases: readonly (readonly [argv: readonly string[], meant: string])[] = [
    [['session', 'end', 'biuld'], 'build'],
    [['session', 'show', 'biuld'], 'build'],
    [['session', 'cancel', 'biuld'], ''],
    [['attach', 'biuld'], 'build'],
    [['inbox', '-s', 'biuld'], 'build'],
    [['wait', '--what', 'it', '-s', 'biuld'], 'build'],
    [['expose', '-s', 'biuld'], 'build'],
    [['ls', '-s', 'biuld'], 'build'],
    [['pause', 'session:biuld'], 'build'],
    [['pause', 'biuld'], 'build'],
    [['pause', 'hook:waek'], 'wake'],
    [['revoke', '9f3d'], '9f3c1a2b7d4e5f60 (ci, main branch)'],
    [['revoke', 'ci, main brnch'], '9f3c1a2b7d4e5f60 (ci, main branch)'],
    [['rotate', '9f3d'], '9f3c1a2b7d4e5f60 (ci, main branch)'],
    [['deliveries', 'ls', '-g', '9f3d'], '9f3c1a2b7d4e5f60 (ci, main branch)'],
    [['deliveries', 'ls', '-k', 'waek'], 'wake'],
    [['refusals', 'ls', '-k', 'agnet'], 'agent'],
    [['tail', '-k', 'waek'], 'wake'],
  ]
  for (const [argv, meant] of cases)
    it(`postern ${argv.join(' ')} names ${meant || 'nothing without a server'}`, async () => {
      const world = createWorld()
      const known = grantOf(grant)
      world.grants.set(known.id, known)
      const { code, stdout, stderr } = await cli(world, argv)
      assert.equal(stdout, '')
      assert.ok(stderr.includes(meant === '' ? 'postern: ' : `Did you mean ${meant}?`), stderr)
      assert.ok(code === 2 || code === 3 || meant === '', String(code))
    })

  it('is taken for a filter while the configuration is broken: nothing says that there is no such hook', async () => {
    const broken = async () => Promise.reject(new Error('broken'))
    assert.equal((await cli(createWorld(), ['deliveries', 'ls', '-k', 'x'], { hooks: broken })).code, 0)
  })
})

describe('parse', () => {
  const same: readonly (readonly string[])[] = [
    ['expose', '--session', 'build', '--quiet'],
    ['expose', '--session=build', '-q'],
    ['--quiet', 'expose', '--session', 'build'],
    ['--session', 'build', 'expose', '--quiet'],
    ['expose', '--quiet', '--label=a=b', '--session', 'build'],
    ['channel', 'expose', '--session', 'build', '--quiet'],
    ['channel', '--home', '/x', 'expose', '--session', 'build', '--quiet'],
    ['expose', '-s', 'build', '-q'],
    ['-q', '-s', 'build', '-t', '1h', 'expose', '-l', 'ci'],
  ]
  for (const argv of same)
    it(`reads postern ${argv.join(' ')}`, async () => {
      const { code, stdout } = await cli(createWorld(), argv)
      assert.equal(code, 0)
      assert.match(stdout, /^https:\/\/host\/hook\/token-of-[0-9a-f]{16}\n$/)
    })

  const limits: readonly (readonly [flags: readonly string[], shown: number])[] = [
    [['deliveries', 'ls', '-n', '2', '-j'], 2],
    [['-n2', 'deliveries', 'ls', '--json'], 2],
    [['deliveries', 'ls', '-n=2', '-j'], -1],
  ]
  for (const [argv, shown] of limits)
    it(`reads ${shown < 0 ? 'nothing' : shown} of 3 with postern ${argv.join(' ')}`, async () => {
      const world = createWorld()
      for (let n = 0; n < 3; n++) addDelivery(world)
      const { code, stdout } = await cli(world, argv)
      assert.deepEqual([code, code === 0 ? JSON.parse(stdout).length : -1], [shown < 0 ? 2 : 0, shown])
    })

  it('takes a letter for the flag that the command has: -n is --lines of tail', async () => {
    const world = createWorld()
    for (let n = 0; n < 3; n++) addDelivery(world)
    world.stop.abort()
    const { stdout } = await cli(world, ['tail', '-n', '2', '-j'])
    assert.equal(stdout.trim().split('\n').length, 2)
  })

  it('keeps what follows -- as it was typed', async () => {
    const world = createWorld()
    await cli(world, ['run', '-s', 'x', '-d', '--', 'sh', '-c', '--json --session y', '-n5', '--'])
    assert.deepEqual(world.started[0]?.command, ['sh', '-c', '--json --session y', '-n5', '--'])
  })
})

describe('the home', () => {
  const cases: readonly (readonly [argv: string[], env: Record<string, string>, home: string])[] = [
    [['serve'], {}, '/home/user/.postern'],
    [['serve'], { POSTERN_HOME: '/var/lib/postern' }, '/var/lib/postern'],
    [['serve'], { POSTERN_HOME: '' }, '/home/user/.postern'],
    [['--home', '/elsewhere', 'serve'], { POSTERN_HOME: '/var/lib/postern' }, '/elsewhere'],
    [['serve', '--home', 'here'], {}, '/somewhere/here'],
  ]
  for (const [argv, env, home] of cases)
    it(`${argv.join(' ')} with ${JSON.stringify(env)} is ${home}`, async () => {
      const world = createWorld()
      await cli(world, argv, { env })
      assert.equal(world.requests[0]?.path, home)
    })
})

describe('the command table', () => {
  it('uses each flag name with a value everywhere or nowhere, but --wait', () => {
    const valued = new Map<string, boolean>()
    for (const flag of [...globalFlags, ...commands.flatMap((command) => command.flags ?? [])]) {
      const takes = flag.value !== undefined
      if (flag.name === 'wait') continue
      assert.equal(valued.get(flag.name) ?? takes, takes, flag.name)
      valued.set(flag.name, takes)
    }
  })

  it('gives no command two flags of one letter', () => {
    for (const { name, flags = [] } of commands) {
      const letters = [...globalFlags, ...flags].map((flag) => letterOf(flag.name)).filter((one) => one)
      assert.equal(new Set(letters).size, letters.length, name)
    }
  })

  it('names no command twice and gives each an example that begins like it', () => {
    const names = commands.flatMap((command) => [command.name, ...(command.aliases ?? [])])
    assert.equal(new Set(names).size, names.length)
    for (const { name, examples, aliases = [] } of commands)
      assert.ok(
        [name, ...aliases].some((known) =>
          examples.some((example) => example.includes(`postern ${known}`)),
        ) || examples.some((example) => example.includes(name)),
        name,
      )
  })

  it('has every command of the contract', () => {
    const names = new Set(commands.flatMap((command) => [command.name, ...(command.aliases ?? [])]))
    const contract = `serve,run,attach,session add,session ls,session show,session end,inbox,inbox ack,expose,ls,revoke,
      channel expose,channel ls,channel revoke,send,deliveries ls,deliveries show,deliveries retry,deliveries replay,
      deliveries tail,deliveries purge,hooks ls,hooks test,check,doctor,config schema,config show,backup,keys rotate,
      secret,completions,service unit,version,dashboard,help`
    for (const name of contract.split(',').map((one) => one.trim())) assert.ok(names.has(name), name)
  })

  it('maps every refusal to an exit code from 1 to 5', () => {
    for (const code of Object.values(exitCodes)) assert.ok(code >= 1 && code <= 5)
    assert.equal(exitCodes.session_missing, 3)
    assert.equal(exitCodes.unreachable, 5)
  })
})
