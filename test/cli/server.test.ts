import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Io, Rehearsal } from '../../src/cli/context.ts'
import { Failure } from '../../src/domain/error.ts'
import type { Hook } from '../../src/domain/hook.ts'
import { cli, createWorld } from './fake-io.ts'

const sent = (state: string) => ({
  id: 'whd_1',
  state,
  failedStep: state === 'FAILED' ? 'turn' : null,
  heldBecause: state === 'PENDING' ? 'busy' : null,
  detail: 'why',
})

describe('send', () => {
  it('exits with 5 when no server answers', async () => {
    const { code, stdout, stderr } = await cli(createWorld(), ['send', '--session', 'build', 'hi'])
    assert.deepEqual([code, stdout], [5, ''])
    assert.match(stderr, /No server answers/)
  })

  const outcomes: readonly (readonly [state: string, code: number, stdout: string])[] = [
    ['DELIVERED', 0, 'whd_1  delivered\n'],
    ['PENDING', 0, 'whd_1  buffered (busy)\n'],
    ['FAILED', 1, 'whd_1  failed\n'],
  ]
  for (const [state, code, stdout] of outcomes)
    it(`of a message that is ${state} exits with ${code}`, async () => {
      const world = createWorld()
      world.answer = { status: 202, body: sent(state) }
      const ran = await cli(world, ['send', '--session', 'build', 'hi'])
      assert.deepEqual([ran.code, ran.stdout], [code, stdout])
    })

  it('sends the message, and waits no longer than --timeout', async () => {
    const world = createWorld()
    world.answer = { status: 202, body: sent('PENDING') }
    const argv = ['send', '--session', 'build', '--from', 'ci', '--idempotency-key', 'k']
    await cli(world, [...argv, '--timeout', '0', '--', '-v', 'is broken'])
    await cli(world, [...argv, '--timeout', '9', 'hi'])
    const body = { session: 'build', from: 'ci', idempotency_key: 'k' }
    assert.deepEqual(world.requests, [
      { method: 'POST', path: '/api/deliveries', body: { ...body, message: '-v is broken' } },
      { method: 'POST', path: '/api/deliveries', body: { ...body, message: 'hi' } },
      { method: 'GET', path: '/api/deliveries/whd_1?wait=9', body: undefined },
    ])
  })

  it('stopped while it waits prints what is known, and does not call the server unreachable', async () => {
    const world = createWorld()
    world.answer = { status: 202, body: sent('PENDING') }
    const client = await world.io.server('/x')
    const server: Io['server'] = async () => ({
      ...client,
      request: async (method, path, options) => {
        if (method === 'POST') return client.request(method, path, options)
        world.stop.abort()
        throw new Failure('unreachable', 'The operation was aborted')
      },
    })
    const ran = await cli({ ...world, io: { ...world.io, server } }, ['send', '--session', 'build', 'hi'])
    assert.deepEqual(ran, { code: 0, stdout: 'whd_1  buffered (busy)\n', stderr: '' })
  })

  it('reads standard input for -, and refuses what is not UTF-8', async () => {
    const world = createWorld()
    world.answer = { status: 202, body: sent('DELIVERED') }
    const argv = ['send', '--session', 'build', '-']
    assert.equal((await cli(world, argv, { read: async () => Buffer.from('a\nb\n') })).code, 0)
    assert.equal((await cli(world, argv, { read: async () => Uint8Array.of(0xff) })).code, 2)
    assert.deepEqual(
      world.requests.map(({ body }) => body),
      [{ session: 'build', message: 'a\nb' }],
    )
  })

  const problems: readonly (readonly [code: string, status: number, exit: number])[] = [
    ['session_missing', 404, 3],
    ['unauthorized', 401, 4],
    ['queue_full', 503, 1],
    ['of_a_newer_server', 418, 1],
  ]
  for (const [code, status, exit] of problems)
    it(`exits with ${exit} when the server refuses with ${code}`, async () => {
      const world = createWorld()
      world.answer = { status, body: { code, detail: 'because \x1b[31m' } }
      const ran = await cli(world, ['send', '--session', 'build', 'hi'])
      assert.deepEqual([ran.code, ran.stdout, ran.stderr], [exit, '', 'postern: because \\x1b[31m\n'])
    })
})

describe('dashboard', () => {
  it('prints the link and nothing else', async () => {
    const world = createWorld()
    world.answer = { status: 201, body: { url: 'http://127.0.0.1:7717/dashboard?link=x' } }
    assert.equal((await cli(world, ['dashboard'])).stdout, 'http://127.0.0.1:7717/dashboard?link=x\n')
  })
})

describe('serve', () => {
  it('hands over its flags, paths made absolute', async () => {
    const world = createWorld()
    await cli(world, 'serve --host ::1 --port 0 --tls-cert c.pem --tls-key /k.pem'.split(' '))
    assert.deepEqual(world.requests[0]?.body, {
      host: '::1',
      port: 0,
      tlsCert: '/somewhere/c.pem',
      tlsKey: '/k.pem',
    })
  })

  it('hands hidden holder calls on as they are', async () => {
    assert.equal((await cli(createWorld(), ['__hold', '--x', 'y'])).code, 2)
  })
})

describe('hooks', () => {
  const hook: Hook = {
    name: 'github',
    path: '/api/hooks/github',
    template: 'Push {{x}}',
    active: true,
    action: 'agent',
    verify: { scheme: 'github', secrets: ['0123456789abcdef'] },
    maxBodyBytes: 1,
    fence: false,
  }
  const hooks =
    (rehearsal: Rehearsal, calls: unknown[] = []) =>
    async () => ({
      list: async () => [hook],
      test: async (...call: unknown[]) => {
        calls.push(call)
        return rehearsal
      },
    })

  it('ls shows no secret', async () => {
    const facts = { hooks: hooks({ kind: 'ignored', why: '' }) }
    for (const argv of [
      ['hooks', 'ls'],
      ['hooks', 'ls', '--json'],
    ]) {
      const { stdout } = await cli(createWorld(), argv, facts)
      assert.match(stdout, /github/)
      assert.ok(!stdout.includes('0123456789abcdef'))
    }
  })

  const rehearsals: readonly (readonly [Rehearsal, code: number, stdout: string, stderr: string])[] = [
    [{ kind: 'message', message: 'Push a\nb', session: 'webhook-agent' }, 0, 'Push a\nb\n', ''],
    [{ kind: 'ignored', why: 'the filter does not match' }, 0, '', 'Ignored: the filter does not match\n'],
    [{ kind: 'failed', why: 'blank' }, 1, '', 'FAILED: blank\n'],
  ]
  for (const [rehearsal, code, stdout, stderr] of rehearsals)
    it(`test exits with ${code} when it is ${rehearsal.kind}`, async () => {
      const ran = await cli(createWorld(), ['hooks', 'test', 'github'], { hooks: hooks(rehearsal) })
      assert.deepEqual([ran.code, ran.stdout, ran.stderr], [code, stdout, stderr])
    })

  it('test sends payload and headers along', async () => {
    const calls: unknown[] = []
    const facts = {
      hooks: hooks({ kind: 'ignored', why: '' }, calls),
      read: async () => Buffer.from('{"x":1}'),
    }
    await cli(
      createWorld(),
      ['hooks', 'test', 'github', '--payload', 'p', '--header', 'X-GitHub-Event: push'],
      facts,
    )
    assert.deepEqual(calls, [['github', Buffer.from('{"x":1}'), { 'x-github-event': 'push' }]])
  })
})

describe('the small commands', () => {
  it('secret is 32 random bytes, and different each time', async () => {
    const world = createWorld()
    const [a, b] = [await cli(world, ['secret']), await cli(world, ['secret'])]
    assert.match(a.stdout, /^[A-Za-z0-9_-]{43}\n$/)
    assert.notEqual(a.stdout, b.stdout)
  })

  it('backup writes to a path made absolute', async () => {
    const world = createWorld()
    await cli(world, ['backup', 'copy.db'])
    assert.deepEqual(world.backups, ['/somewhere/copy.db'])
  })

  const graces: readonly (readonly [grace: string[], olderRetireAt: string])[] = [
    [[], '2026-11-22T11:00:00.250Z'],
    [['--grace', '0'], '2026-11-22T10:00:00.250Z'],
    [['--grace', '2d'], '2026-11-24T10:00:00.250Z'],
  ]
  for (const [grace, olderRetireAt] of graces)
    it(`keys rotate ${grace.join(' ')}`, async () => {
      const { stdout } = await cli(createWorld(), ['keys', 'rotate', '--json', ...grace])
      assert.deepEqual(JSON.parse(stdout), { kid: 'k2', olderRetireAt })
    })

  it('check passes on warnings and fails on a broken configuration', async () => {
    const server = { host: '127.0.0.1', allowedHosts: [] }
    const config =
      (load: () => Promise<{ printable: unknown; warnings: string[]; server: typeof server }>) =>
      async () => ({
        file: 'f',
        schema: async () => ({}),
        load,
      })
    const warned = await cli(createWorld(), ['check'], {
      config: config(async () => ({ printable: {}, warnings: ['change the secret'], server })),
    })
    assert.deepEqual([warned.code, warned.stderr], [0, 'warning: change the secret\nf is good.\n'])
    const broken = await cli(createWorld(), ['check'], {
      config: config(async () => {
        throw new Failure('config_invalid', 'server.prot is unknown')
      }),
    })
    assert.deepEqual([broken.code, broken.stderr], [1, 'postern: server.prot is unknown\n'])
  })

  it('config schema and show print JSON', async () => {
    assert.deepEqual(JSON.parse((await cli(createWorld(), ['config', 'schema'])).stdout), { type: 'object' })
    assert.match((await cli(createWorld(), ['config', 'show'])).stdout, /7717/)
  })
})
