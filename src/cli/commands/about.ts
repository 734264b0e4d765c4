import { Failure } from '../../domain/error.ts'
import { meant } from '../../domain/nearest.ts'
import type { Call, Command } from '../command.ts'
import { completionScript, shells } from '../completions.ts'
import { helpText, helpWidth } from '../help.ts'
import { systemUnit, userUnit } from '../service.ts'

export const aboutCommands: readonly Command[] = [
  {
    name: 'service unit',
    summary: 'Print a hardened systemd unit.',
    flags: [
      { name: 'user', summary: 'a unit of your own, without privileges' },
      { name: 'exec', value: 'PATH', summary: 'where the binary lies; this one unless given' },
    ],
    examples: [
      'postern service unit | sudo tee /etc/systemd/system/postern.service',
      'postern service unit --user > ~/.config/systemd/user/postern.service',
    ],
    run: runUnit,
  },
  {
    name: 'completions',
    summary: 'Print completions for a shell.',
    args: [{ name: 'shell', summary: shells.join(', '), required: true }],
    examples: [
      'source <(postern completions bash)',
      'postern completions zsh > ~/.zfunc/_postern',
      'postern completions fish > ~/.config/fish/completions/postern.fish',
    ],
    run: runCompletions,
  },
  {
    name: 'version',
    summary: 'Print the version.',
    examples: ['postern version', 'postern version --json'],
    run: runVersion,
  },
  {
    name: 'help',
    summary: 'Show how a command is used.',
    args: [{ name: 'command', summary: 'its words', many: true }],
    examples: ['postern help expose', 'postern help session add'],
    run: async ({ io, out, args, commands }) => {
      out.line(helpText(args.list('command'), commands, helpWidth(io)))
      return 0
    },
  },
]

async function runUnit({ io, out, flags, home, json }: Call): Promise<number> {
  const executable = flags.text('exec') ?? io.program.command[0] ?? 'postern'
  const chosen = flags.on('home') || io.env.POSTERN_HOME
  const options = { executable, ...(chosen && { home }) }
  const unit = flags.on('user') ? userUnit(options) : systemUnit(options)
  if (json) out.json({ unit })
  else out.line(unit.trimEnd())
  return 0
}

async function runCompletions({ out, args, commands, json }: Call): Promise<number> {
  const shell = shells.find((known) => known === args.need('shell'))
  if (!shell)
    throw new Failure(
      'usage',
      `There are no completions for "${args.need('shell')}". ${meant(args.need('shell'), shells)}`,
    )
  const script = completionScript(shell, commands)
  if (json) out.json({ script })
  else out.line(script.trimEnd())
  return 0
}

export async function runVersion({ io, out, json }: Pick<Call, 'io' | 'out' | 'json'>): Promise<number> {
  const { version, runtime, target } = io.program
  if (json) out.json({ version, runtime, target })
  else out.line(`postern ${version}`)
  return 0
}
