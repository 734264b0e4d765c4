import { testDecided } from '../suites/agents/decided.ts'
import { startOpencode, untilSoon } from '../support/agents/opencode-server.ts'
import { without } from '../support/agents.ts'
import { freePort } from '../support/free-port.ts'

testDecided('an opencode server', {
  name: 'opencode',
  skip: without('opencode'),
  wants: 'TOOL',
  questions: 'question',
  env: {
    OPENCODE_CONFIG_CONTENT: JSON.stringify({ permission: { bash: 'ask', external_directory: 'allow' } }),
  },
  open: async (bench) => {
    const opencode = await startOpencode(bench, await freePort())
    const first = (path: string) =>
      untilSoon('somebody is asked', async () => ((await opencode.ask(path)) as { id: string }[])[0])
    return {
      add: ['opencode', '--url', opencode.url],
      allow: async () => {
        const { id } = await first('/permission')
        await opencode.ask(`/permission/${id}/reply`, { reply: 'once' })
      },
      answer: async () => {
        const { id } = await first('/question')
        await opencode.ask(`/question/${id}/reply`, { answers: [['red']] })
      },
      close: opencode.kill,
    }
  },
})
