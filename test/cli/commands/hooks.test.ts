import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Rehearsal } from '../../../src/cli/context.ts'
import type { Hook } from '../../../src/domain/hook.ts'
import { addDelivery, cli, createWorld } from '../fake-io.ts'

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
      targets: async () => [],
      curl: async () => ({ note: '', line: '' }),
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
    [
      { kind: 'message', message: 'Push to', session: 's', warning: 'it lacks ref' },
      0,
      'Push to\n',
      'Warning: it lacks ref\n',
    ],
    [{ kind: 'ignored', why: 'the filter does not match' }, 0, '', 'Ignored: the filter does not match\n'],
    [{ kind: 'failed', why: 'blank' }, 1, '', 'FAILED: blank\n'],
    [{ kind: 'failed', why: 'blank', warning: 'it lacks x' }, 1, '', 'FAILED: blank\nWarning: it lacks x\n'],
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

  const stored = { source: { kind: 'hook', hook: 'github' }, payload: Buffer.from('{"x":2}') } as const
  const about = { contentType: 'application/json', headers: { 'x-github-event': 'push' } }
  const headers = { 'x-github-event': 'push', 'content-type': 'application/json' }

  it('test --delivery renders what a delivery came with, for its own hook unless another is named', async () => {
    const calls: unknown[] = []
    const facts = { hooks: hooks({ kind: 'ignored', why: '' }, calls) }
    const world = createWorld()
    const { id } = addDelivery(world, { ...stored, ...about })
    await cli(world, ['hooks', 'test', '--delivery', id], facts)
    await cli(world, ['hooks', 'test', 'other', '--delivery', id.slice(0, 20)], facts)
    assert.deepEqual(calls, [
      ['github', stored.payload, headers],
      ['other', stored.payload, headers],
    ])
    const byHand = addDelivery(world)
    for (const argv of [[], ['--delivery', byHand.id], ['--delivery', id, '--payload', 'x']])
      assert.equal((await cli(world, ['hooks', 'test', ...argv], facts)).code, 2, argv.join(' '))
  })

  const sent = { hook: 'github', status: 202, replayed: false }
  const send = (world: ReturnType<typeof createWorld>, ...argv: string[]) =>
    cli(world, ['hooks', 'send', '--wait', '0', ...argv])

  it('send sends a payload to be signed, prints the receipt and what happened', async () => {
    const world = createWorld()
    const { id } = addDelivery(world, { ...stored, ...about, state: 'DELIVERED' })
    world.answer = {
      status: 200,
      body: { ...sent, deliveryId: id, answer: { status: 'accepted', deliveryId: id } },
    }
    const { code, stdout } = await send(world, '--delivery', id)
    assert.deepEqual([code, stdout], [0, `github answered 202 accepted  ${id}\nTaken by build.\n`])
    assert.deepEqual(world.requests.at(-1), {
      ...{ method: 'POST', path: '/api/hooks/github/send' },
      body: { headers, payload: Buffer.from('{"x":2}').toString('base64'), payloadEncoding: 'base64' },
    })
    const json = JSON.parse((await send(world, 'github', '-j')).stdout)
    assert.deepEqual([json.status, json.delivery.state], [202, 'DELIVERED'])
    assert.deepEqual(world.requests.at(-1)?.body, { headers: {} })
  })

  it('send fails with what FAILED, with what the door refuses, and without a server', async () => {
    const world = createWorld()
    assert.deepEqual((await send(world, 'github')).code, 5)
    const { id } = addDelivery(world, { state: 'FAILED', failedStep: 'turn', detail: 'no way' })
    world.answer = { status: 200, body: { ...sent, deliveryId: id, answer: {} } }
    const failed = await send(world, 'github')
    assert.equal(failed.code, 1)
    assert.match(failed.stdout, /Not delivered: no way\./)
    const problem = { title: 'Forbidden', code: 'hook_inactive', detail: 'The hook "github" is not active.' }
    world.answer = { status: 200, body: { ...sent, status: 403, deliveryId: null, answer: problem } }
    const refused = await send(world, 'github')
    assert.equal(refused.code, 4)
    assert.match(refused.stdout, /github answered 403 Forbidden/)
    assert.match(refused.stderr, /is not active/)
  })

  it('send says of an ignored payload why, and of a repeat that it is one', async () => {
    const world = createWorld()
    const answer = { status: 'ignored', reason: 'the filter does not match' }
    world.answer = { status: 200, body: { ...sent, deliveryId: null, answer } }
    const { code, stdout, stderr } = await send(world, 'github')
    assert.deepEqual([code, stdout], [0, 'github answered 202 ignored\n'])
    assert.match(stderr, /^Ignored: the filter does not match$/m)
    world.answer = { status: 200, body: { ...sent, replayed: true, deliveryId: null, answer: {} } }
    assert.match((await send(world, 'github')).stdout, /a repeat/)
  })
})
