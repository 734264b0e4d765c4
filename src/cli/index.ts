import { Failure, reasonOf } from '../domain/error.ts'
import { helpOn } from '../manage/troubleshooting.ts'
import { homeRoot } from './arguments.ts'
import type { Command } from './command.ts'
import { attach } from './commands/attach.ts'
import { backupCommands } from './commands/backup.ts'
import { check } from './commands/check.ts'
import { completions } from './commands/completions.ts'
import { configCommands } from './commands/config.ts'
import { dashboard } from './commands/dashboard.ts'
import { decideCommands } from './commands/decide.ts'
import { deliveryCommands } from './commands/deliveries.ts'
import { doctor } from './commands/doctor.ts'
import { grantCommands } from './commands/grants.ts'
import { help } from './commands/help.ts'
import { hookRelay } from './commands/hook-relay.ts'
import { hookCommands } from './commands/hooks.ts'
import { hostsCommands } from './commands/hosts.ts'
import { inboxCommands } from './commands/inbox.ts'
import { joinCommands } from './commands/join.ts'
import { keysCommands } from './commands/keys.ts'
import { man } from './commands/man.ts'
import { mcp } from './commands/mcp.ts'
import { notices } from './commands/notices.ts'
import { pauseCommands } from './commands/pause.ts'
import { refusalCommands } from './commands/refusals.ts'
import { run } from './commands/run.ts'
import { secret } from './commands/secret.ts'
import { send } from './commands/send.ts'
import { serve } from './commands/serve.ts'
import { serviceUnit } from './commands/service-unit.ts'
import { sessionCommands } from './commands/session.ts'
import { storeCommands } from './commands/store.ts'
import { deliveriesTail } from './commands/tail.ts'
import { version } from './commands/version.ts'
import { wait } from './commands/wait.ts'
import { complete, completeName } from './complete.ts'
import type { Io } from './context.ts'
import { exitCodes } from './exit.ts'
import { helpText, helpWidth } from './help.ts'
import { createOutput } from './output.ts'
import { type Parsed, parse } from './parse.ts'

/** Every command, in the order of help. To read on: command (what one is), parse, context (its world), output, one of commands/. */
export const commands: readonly Command[] = [
  serve,
  dashboard,
  run,
  attach,
  ...sessionCommands,
  ...inboxCommands,
  ...grantCommands,
  ...pauseCommands,
  ...decideCommands,
  send,
  wait,
  ...deliveryCommands,
  deliveriesTail,
  ...refusalCommands,
  notices,
  ...hookCommands,
  ...hostsCommands,
  check,
  ...configCommands,
  ...keysCommands,
  secret,
  ...backupCommands,
  ...storeCommands,
  ...joinCommands,
  doctor,
  hookRelay,
  mcp,
  serviceUnit,
  completions,
  man,
  version,
  help,
]

/** `argv` without the program's own name. Resolves with the exit code and never throws. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  try {
    if (argv[0] === '__hold') return await io.holdTerminal(argv.slice(1))
    if (argv[0] === '__confirm') return await io.confirmAnswer(argv.slice(1))
    if (argv[0] === completeName) return await complete(argv.slice(1), commands, io)
    return await perform(parse(argv, commands), io)
  } catch (thrown) {
    // An agent takes the output and the exit code of a failing hook as an instruction: even a wrong command line is silent.
    return argv[0] === hookRelay.name ? 0 : report(thrown, io)
  }
}

async function perform(parsed: Parsed, io: Io): Promise<number> {
  if (parsed.kind === 'help') return showHelp(parsed, io)
  const { command, args, flags, rest } = parsed
  const out = createOutput(io, { color: !flags.on('no-color') })
  const home = homeRoot(flags.text('home'), io)
  const store = flags.text('store')
  if (store !== undefined) io.useStore(store)
  const code = await command.run({ io, out, home, json: flags.on('json'), args, flags, rest, commands })
  return code ?? 0
}

/** Help that was requested goes to standard output; help in place of a command goes to standard error. */
function showHelp({ topic, requested }: Extract<Parsed, { kind: 'help' }>, io: Io): number {
  const write = requested ? io.stdout : io.stderr
  write(`${helpText(topic, commands, helpWidth(io))}\n`)
  return requested ? 0 : exitCodes.usage
}

function report(thrown: unknown, io: Io): number {
  const out = createOutput(io, { color: false })
  out.note(`postern: ${shortened(reasonOf(thrown))}`)
  const code = thrown instanceof Failure ? thrown.code : 'internal'
  // For a person; what else reads this goes by the code or the last line. What was typed wrongly was named already.
  const help = exitCodes[code] === exitCodes.usage || code === 'not_found' ? undefined : helpOn(code)
  if (help !== undefined && io.terminal.stderr) out.note(`More: ${help}`)
  return exitCodes[code]
}

/** What was typed is named in what is wrong with it; of 100 kB without a space the beginning is enough. */
const shortened = (text: string): string => text.replace(/(\S{200})\S{100,}/g, '$1…')
