import type { Call, Command } from '../command.ts'

export const configCommands: readonly Command[] = [
  {
    name: 'config schema',
    summary: 'Print the JSON Schema of the configuration, for editors.',
    examples: ['postern config schema > webhooks.schema.json'],
    run: runSchema,
  },
  {
    name: 'config show',
    summary: 'Print the configuration as it is in force, without its secrets.',
    examples: ['postern config show'],
    run: runShow,
  },
]

async function runSchema(call: Call): Promise<void> {
  call.out.json(await (await call.io.config(call.home)).schema())
}

async function runShow(call: Call): Promise<void> {
  call.out.json((await (await call.io.config(call.home)).load()).printable)
}
