import { pinOf } from '../../scripts/test/agents.ts'
import { testWait } from '../suites/agents/wait.ts'
import { without } from '../support/agents.ts'

const { version } = pinOf('pi')
const old = version.startsWith('0.') ? `pi ${version} knows no MCP` : false

testWait('pi', old || without('pi'), { ready: /fake-model/ })
