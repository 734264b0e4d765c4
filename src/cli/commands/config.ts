import type { Command } from '../command.ts'

export const configCommands: readonly Command[] = [
  {
    name: 'config schema',
    summary: 'Print the JSON Schema of the configuration, for editors.',
    examples: ['postern config schema > webhooks.schema.json'],
    run: async (call) => call.out.json(await (await call.io.config(call.home)).schema()),
  },
  {
    name: 'config show',
    summary: 'Print the configuration as it is in force, without its secrets.',
    examples: ['postern config show'],
    run: async (call) => call.out.json((await (await call.io.config(call.home)).load()).printable),
  },
]
