import { join } from 'node:path'
import { type AgentFacts, isRow, rowsBelow, textOf, writeAt } from './place.ts'

export const codex: AgentFacts = {
  settle: async ({ home, cwd, modelUrl }) => {
    await writeAt(
      join(home, '.codex/config.toml'),
      [
        'model = "fake-model"',
        'model_provider = "fake"',
        'check_for_update_on_startup = false',
        '[model_providers.fake]',
        'name = "Fake"',
        `base_url = "${modelUrl}/v1"`,
        'wire_api = "responses"',
        'env_key = "FAKE_MODEL_KEY"',
        `[projects."${cwd}"]`,
        'trust_level = "trusted"',
        '',
      ].join('\n'),
    )
    return { FAKE_MODEL_KEY: 'none' }
  },
  userMessages: ({ home }) =>
    rowsBelow(join(home, '.codex/sessions')).flatMap(({ type, payload }) =>
      type === 'response_item' && isRow(payload) && payload.type === 'message' && payload.role === 'user'
        ? ownText(textOf(payload.content))
        : [],
    ),
}

/** The agent tells its model of its surroundings in the name of the user. */
const ownText = (text: string): readonly string[] =>
  /^\s*<(environment_context|user_instructions|permissions)\b/.test(text) ? [] : [text]
