import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agentRunBy } from '../../../src/drivers/agents/kinds.ts'

describe('agentRunBy', () => {
  const cases: readonly (readonly [command: string, agent: string | undefined])[] = [
    ['claude', 'claude'],
    ['/usr/bin/codex --yolo', 'codex'],
    ['node --no-warnings=x /opt/lib/bundle/gemini.js', 'gemini'],
    ['bun /opt/pi', 'pi'],
    ['vim notes/claude.md', undefined],
    ['bash', undefined],
    ['sh -c a b c d claude', undefined],
  ]
  for (const [command, agent] of cases)
    it(`${command} is ${agent}`, () => assert.equal(agentRunBy(command.split(' ')), agent))
})
