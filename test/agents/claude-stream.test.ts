import { testDecided } from '../suites/agents/decided.ts'
import { without } from '../support/agents.ts'

testDecided('a Claude Code of our own', {
  name: 'claude',
  skip: without('claude'),
  wants: 'TOOL',
  questions: 'AskUserQuestion',
  open: async () => ({ add: ['claude-stream', '--', 'claude', '--permission-mode', 'default'] }),
})
