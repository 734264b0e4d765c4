import type { Call, Command } from '../command.ts'

export const checkCommands: readonly Command[] = [
  {
    name: 'check',
    summary: 'Say whether the configuration is good, before a server has to.',
    examples: ['postern check && systemctl restart postern'],
    run: runCheck,
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
