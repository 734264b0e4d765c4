import { testWait } from '../suites/agents/wait.ts'
import { without } from '../support/agents.ts'

testWait('gemini', without('gemini'), { args: ['--yolo'], ready: /Type your message/ })
