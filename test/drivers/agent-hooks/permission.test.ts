import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { permissionAsked } from '../../../src/drivers/agent-hooks/permission.ts'
import { hookSettings } from '../../../src/drivers/agent-hooks/relay.ts'

const payload = {
  hook_event_name: 'PermissionRequest',
  session_id: 'abc',
  transcript_path: '/t',
  cwd: '/src',
  tool_name: 'Bash',
  tool_input: { command: 'rm -rf build', description: 'clean' },
  permission_suggestions: [{ type: 'setMode' }],
}
const asked = (more: object = {}, env: Readonly<Record<string, string>> = {}, agent = 'claude') =>
  permissionAsked(agent, JSON.stringify({ ...payload, ...more }), env)

describe('permissionAsked', () => {
  it('tells what is asked, exactly, and answers as the hook of both agents does', async () => {
    const permission = await asked()
    assert.equal(permission?.request.title, 'Bash: rm -rf build')
    const { cwd, tool_name, tool_input } = payload
    assert.deepEqual(JSON.parse(permission?.request.detail ?? ''), { cwd, tool_name, tool_input })
    assert.match(permission?.asker ?? '', new RegExp(`^${process.pid} \\S`))
    assert.equal(permission?.folder, undefined)
    assert.deepEqual(JSON.parse(permission?.answer('allow') ?? ''), {
      hookSpecificOutput: { hookEventName: 'PermissionRequest', decision: { behavior: 'allow' } },
    })
    assert.deepEqual(JSON.parse(permission?.answer('deny') ?? ''), {
      hookSpecificOutput: {
        hookEventName: 'PermissionRequest',
        decision: { behavior: 'deny', message: 'The user denied this.' },
      },
    })
  })

  it('of codex also tells the folder, because its daemon does not tell the session', async () => {
    assert.equal((await asked({}, {}, 'codex'))?.folder, '/src')
  })

  it('is none for another event, and for a question that no yes or no answers', async () => {
    for (const more of [{ hook_event_name: 'Stop' }, { tool_name: 'AskUserQuestion' }])
      assert.equal(await asked(more), undefined)
    assert.equal(await permissionAsked('claude', 'no JSON', {}), undefined)
  })

  it('of Claude Code is over once its registry says that no dialog is open any more', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-registry-'))
    try {
      mkdirSync(join(folder, 'sessions'))
      const says = (status: string) =>
        writeFileSync(
          join(folder, 'sessions', `${process.pid}.json`),
          JSON.stringify({ pid: process.pid, sessionId: 'abc', cwd: '/src', kind: 'interactive', status }),
        )
      const permission = await asked({}, { CLAUDE_CONFIG_DIR: folder })
      assert.equal(await permission?.stillAsks(), true, 'no registry tells nothing')
      says('busy')
      assert.equal(await permission?.stillAsks(), true, 'its dialog is about to show')
      says('waiting')
      assert.equal(await permission?.stillAsks(), true)
      says('busy')
      assert.equal(await permission?.stillAsks(), false)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('hookSettings with decisions', () => {
  const linesFor = async (decisions: { readonly withinMs?: number } | undefined) => {
    const printed = await hookSettings({ program: ['postern'], home: '/h', session: 'x', decisions })
    return printed.map(({ agent, text }) => {
      const hook = JSON.parse(text).hooks.PermissionRequest?.[0].hooks[0]
      return [agent, /--decide \S+/.exec(hook?.command ?? '')?.[0], hook?.timeout]
    })
  }

  it('let the hook of a permission wait: long beside a dialog, shortly before one', async () => {
    assert.deepEqual(await linesFor({}), [
      ['claude', '--decide 1500s', 1510],
      ['gemini', undefined, undefined],
      ['codex', '--decide 10s', 20],
    ])
    assert.deepEqual((await linesFor({ withinMs: 600_000 })).at(-1), ['codex', '--decide 600s', 610])
  })

  it('are as before where nobody decides from afar', async () => {
    assert.deepEqual(await linesFor(undefined), [
      ['claude', undefined, 10],
      ['gemini', undefined, undefined],
      ['codex', undefined, 10],
    ])
  })
})
