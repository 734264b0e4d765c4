import type { Command } from '../command.ts'

export const check: Command = {
  name: 'check',
  summary: 'Check the configuration, before a server has to.',
  examples: ['postern check && systemctl restart postern'],
  run: async (call) => {
    const config = await call.io.config(call.home)
    const { warnings } = await config.load()
    if (call.json) call.out.json({ ok: true, file: config.file, warnings })
    else {
      for (const warning of warnings) call.out.note(`warning: ${warning}`)
      call.out.note(`${config.file} is good.`)
    }
  },
}
