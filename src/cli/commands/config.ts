import type { Call, Command } from '../command.ts'

export const configCommands: readonly Command[] = [
  {
    name: 'check',
    summary: 'Say whether the configuration is good, before a server has to.',
    examples: ['postern check && systemctl restart postern'],
    run: runCheck,
  },
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

async function runCheck(call: Call): Promise<number> {
  const desk = await call.io.config(call.home)
  const { warnings } = await desk.load()
  if (call.json) call.out.json({ ok: true, file: desk.file, warnings })
  else {
    for (const warning of warnings) call.out.say(`warning: ${warning}`)
    call.out.say(`${desk.file} is good.`)
  }
  return 0
}

async function runSchema(call: Call): Promise<number> {
  call.out.json(await (await call.io.config(call.home)).schema())
  return 0
}

async function runShow(call: Call): Promise<number> {
  call.out.json((await (await call.io.config(call.home)).load()).printable)
  return 0
}
