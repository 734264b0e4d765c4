import { join } from 'node:path'
import { type AgentFacts, isRow, rowsBelow, textOf, writeAt } from './place.ts'

export const qwen: AgentFacts = {
  settle: async ({ home, modelUrl }) => {
    await writeAt(join(home, '.qwen/settings.json'), {
      security: { auth: { selectedType: 'openai' }, folderTrust: { enabled: false } },
      general: { disableAutoUpdate: true, enableAutoUpdate: false, disableUpdateNag: true },
      privacy: { usageStatisticsEnabled: false },
    })
    return { OPENAI_BASE_URL: `${modelUrl}/v1`, OPENAI_API_KEY: 'none', OPENAI_MODEL: 'fake-model' }
  },
  userMessages: ({ home }) =>
    rowsBelow(join(home, '.qwen/projects')).flatMap(({ type, provenance, message }) =>
      type === 'user' && provenance === 'real_user' && isRow(message) ? [textOf(message.parts)] : [],
    ),
}
