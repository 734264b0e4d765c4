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
    rowsBelow(join(home, '.claude/projects')).flatMap(({ type, isMeta, origin, message }) => {
      if (type !== 'user' || !isRow(message)) return []
      const text = textOf(message.content)
      const peer = isRow(origin) && origin.kind === 'peer' ? throughInbox.exec(text)?.[1] : undefined
      if (peer !== undefined) return [peer]
      return isMeta !== true && text !== '' ? [text] : []
    }),
}

/** What came through its inbox is told to be no word of the person's. */
const throughInbox =
  /^Another Claude session sent a message:\n([\s\S]*)\n\nThis came from another Claude session\b/
