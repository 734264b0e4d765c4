import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { agentFilters, agentOf, pinOf } from '../../scripts/test/agents.ts'
import { findSuites } from '../../scripts/test/suites.ts'

const root = resolve(import.meta.dirname, '..', '..')

test('a test file tells by its name which agent it drives', () => {
  assert.equal(agentOf('test/agents/pi.test.ts'), 'pi')
  assert.equal(agentOf('test/agents/opencode-server.test.ts'), 'opencode')
  assert.equal(agentOf('test/agents/pinned.test.ts'), undefined)
  assert.equal(agentOf('test/drivers/pi.test.ts'), undefined)
})

test('agents that are not free or too large run only when they are named', () => {
  const agents = (filters: readonly string[]) =>
    new Set(findSuites(root, filters).flatMap(({ file }) => agentOf(file) ?? []))
  assert.deepEqual([...agents([])].sort(), ['gemini', 'opencode', 'pi'])
  assert.deepEqual([...agents(agentFilters(['claude', 'codex']))].sort(), ['claude', 'codex'])
  assert.deepEqual([...agents(agentFilters([]))].sort(), ['gemini', 'opencode', 'pi'])
  assert.throws(() => agentFilters(['copilot']), /no agent "copilot"/)
})

test('--newest drives later releases of the same agents', () => {
  const before = process.env.POSTERN_AGENTS
  delete process.env.POSTERN_AGENTS
  try {
    const pinned = pinOf('codex').version
    assert.deepEqual(agentFilters(['--newest', 'codex']), ['test/agents/codex'])
    assert.notEqual(pinOf('codex').version, pinned)
    assert.equal(pinOf('codex').packages['@openai/codex'], pinOf('codex').version)
  } finally {
    if (before === undefined) delete process.env.POSTERN_AGENTS
    else process.env.POSTERN_AGENTS = before
  }
})
