import type { Command } from '../command.ts'
import { helpText, helpWidth } from '../help.ts'

export const help: Command = {
  name: 'help',
  summary: 'Show how a command is used.',
  args: [{ name: 'command', summary: 'its name', complete: 'commands', many: true }],
  examples: ['postern help expose', 'postern help session add'],
  run: async ({ io, out, args, commands }) => {
    out.line(helpText(args.list('command'), commands, helpWidth(io)))
  },
}
