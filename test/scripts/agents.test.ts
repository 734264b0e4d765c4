import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { agentFilters, agentOf } from '../../scripts/test/agents.ts'
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
