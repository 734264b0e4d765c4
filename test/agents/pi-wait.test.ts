import { testWait } from '../suites/agents/wait.ts'
import { without } from '../support/agents.ts'

testWait('pi', without('pi'), { ready: /fake-model/ }, { replies: true })
