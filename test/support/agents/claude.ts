import { join } from 'node:path'
import { type AgentFacts, isRow, rowsBelow, textOf, writeAt } from './place.ts'

const key = 'sk-ant-fake-key-0123456789abcdefghij'

export const claude: AgentFacts = {
  settle: async ({ home, cwd, modelUrl }) => {
    await writeAt(join(home, '.claude.json'), {
      hasCompletedOnboarding: true,
      customApiKeyResponses: { approved: [key.slice(-20)], rejected: [] },
      projects: { [cwd]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
    })
    return {
      ANTHROPIC_BASE_URL: modelUrl,
      ANTHROPIC_API_KEY: key,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
    }
  },
  userMessages: ({ home }) =>
    rowsBelow(join(home, '.claude/projects')).flatMap(({ type, isMeta, message }) =>
      type === 'user' && isMeta !== true && isRow(message) && textOf(message.content) !== ''
        ? [textOf(message.content)]
        : [],
    ),
}
