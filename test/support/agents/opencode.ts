import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type AgentFacts, writeAt } from './place.ts'

export const opencode: AgentFacts = {
  settle: async ({ home, modelUrl }) => {
    await writeAt(join(home, '.config/opencode/opencode.json'), {
      autoupdate: false,
      share: 'disabled',
      model: 'fake/fake-model',
      small_model: 'fake/fake-model',
      provider: {
        fake: {
          npm: '@ai-sdk/openai-compatible',
          name: 'Fake',
          options: { baseURL: `${modelUrl}/v1`, apiKey: 'none' },
          models: { 'fake-model': { name: 'Fake' } },
        },
      },
    })
    return { OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1' }
  },
  userMessages: ({ home }) => {
    const file = join(home, '.local/share/opencode/opencode.db')
    if (!existsSync(file)) return []
    const db = new Database(file, { readonly: true })
    try {
      return db
        .query<{ text: string }, []>(userTexts)
        .all()
        .map(({ text }) => text)
    } finally {
      db.close()
    }
  },
}

/** What the agent adds to a message on its own account is marked as synthetic. */
const userTexts = `
  SELECT part.data ->> 'text' AS text FROM message JOIN part ON part.message_id = message.id
  WHERE message.data ->> 'role' = 'user' AND part.data ->> 'type' = 'text'
    AND part.data ->> 'synthetic' IS NOT 1
  ORDER BY message.time_created, message.id, part.id`
