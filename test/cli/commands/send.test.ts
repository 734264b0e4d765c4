import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Io } from '../../../src/cli/context.ts'
import { Failure } from '../../../src/domain/error.ts'
import { cli, createWorld } from '../fake-io.ts'

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
