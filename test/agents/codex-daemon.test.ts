import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testDecided } from '../suites/agents/decided.ts'
import { openPane } from '../support/agents/pane.ts'
import { without } from '../support/agents.ts'

testDecided("the codex that a person has open, by its daemon's wire", {
  name: 'codex',
  skip: without('codex'),
  wants: 'ESC',
  questions: 'request_user_input',
  open: async (bench) => {
    // Else it asks questions in its plan mode alone.
    const asks = '[features]\ndefault_mode_request_user_input = true\n'
    await appendFile(join(bench.place.home, '.codex/config.toml'), asks)
    const pane = await openPane(bench, ['codex'])
    return {
      add: ['codex'],
      allow: async () => {
        await pane.shows(/Would you like to run/)
        await pane.press('y')
      },
      answer: async () => {
        await pane.shows(/enter to submit answer/)
        await pane.press('Enter')
      },
      close: pane.close,
    }
  },
})
