import { testWait } from '../suites/agents/wait.ts'
import { without } from '../support/agents.ts'

testWait('qwen', without('qwen'), { args: ['--yolo'], ready: /Type your message/ }, { byHand: true })
