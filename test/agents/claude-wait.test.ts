import { testWait } from '../suites/agents/wait.ts'
import { without } from '../support/agents.ts'

testWait('claude', without('claude'), {
  args: ['--permission-mode', 'default', '--allowedTools=mcp__postern__wait_for,mcp__postern__reply'],
  ready: /❯/,
})
