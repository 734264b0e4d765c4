import { testWait } from '../suites/agents/wait.ts'
import { without } from '../support/agents.ts'

testWait('codex', without('codex'), {
  args: ['--dangerously-bypass-approvals-and-sandbox'],
  ready: /fake-model/,
})
