import { testWait } from '../suites/agents/wait.ts'
import { without } from '../support/agents.ts'

testWait('opencode', without('opencode'), { ready: /Ask anything|fake/i })
