import { join } from 'node:path'
import { type AgentFacts, isRow, rowsBelow, textOf, writeAt } from './place.ts'

export const pi: AgentFacts = {
  settle: async ({ home, modelUrl }) => {
    await writeAt(join(home, '.pi/agent/models.json'), {
      providers: {
        fake: {
          baseUrl: `${modelUrl}/v1`,
          api: 'openai-completions',
          apiKey: 'none',
          models: [{ id: 'fake-model' }],
        },
      },
    })
    await writeAt(join(home, '.pi/agent/settings.json'), {
      defaultProvider: 'fake',
      defaultModel: 'fake-model',
    })
    return { PI_OFFLINE: '1', PI_SKIP_VERSION_CHECK: '1' }
  },
  userMessages: ({ home }) =>
    rowsBelow(join(home, '.pi/agent/sessions')).flatMap(({ type, message }) =>
      type === 'message' && isRow(message) && message.role === 'user' ? [textOf(message.content)] : [],
    ),
}
