import { join } from 'node:path'
import { type AgentFacts, rowsBelow, textOf, writeAt } from './place.ts'

export const gemini: AgentFacts = {
  settle: async ({ home, modelUrl }) => {
    await writeAt(join(home, '.gemini/settings.json'), {
      security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
      general: { disableAutoUpdate: true, enableAutoUpdate: false, disableUpdateNag: true },
      privacy: { usageStatisticsEnabled: false },
      model: { name: 'gemini-2.5-flash' },
    })
    return { GOOGLE_GEMINI_BASE_URL: modelUrl, GEMINI_API_KEY: 'none' }
  },
  userMessages: ({ home }) => [
    ...new Map(
      rowsBelow(join(home, '.gemini/tmp'))
        .filter(({ type }) => type === 'user')
        .map(({ id, content }) => [id, textOf(content)]),
    ).values(),
  ],
}
