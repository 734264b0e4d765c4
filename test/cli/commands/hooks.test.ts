import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Rehearsal } from '../../../src/cli/context.ts'
import type { Hook } from '../../../src/domain/hook.ts'
import { cli, createWorld } from '../fake-io.ts'

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
})
