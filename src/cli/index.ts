import { Failure, reasonOf } from '../domain/error.ts'
import { homeRoot } from './arguments.ts'
import type { Command } from './command.ts'
import { attachCommands } from './commands/attach.ts'
import { backupCommands } from './commands/backup.ts'
import { checkCommands } from './commands/check.ts'
import { completionCommands } from './commands/completions.ts'
import { configCommands } from './commands/config.ts'
import { dashboardCommands } from './commands/dashboard.ts'
import { deliveryCommands } from './commands/deliveries.ts'
import { doctorCommands } from './commands/doctor.ts'
import { grantCommands } from './commands/grants.ts'
import { helpCommands } from './commands/help.ts'
import { relayCommands, relayName } from './commands/hook-relay.ts'
import { hookCommands } from './commands/hooks.ts'
import { inboxCommands } from './commands/inbox.ts'
import { keyCommands } from './commands/keys.ts'
import { runCommands } from './commands/run.ts'
import { secretCommands } from './commands/secret.ts'
import { sendCommands } from './commands/send.ts'
import { serveCommands } from './commands/serve.ts'
import { serviceCommands } from './commands/service-unit.ts'
import { sessionCommands } from './commands/session.ts'
import { tailCommands } from './commands/tail.ts'
import { runVersion, versionCommands } from './commands/version.ts'
import { complete, completeName } from './complete.ts'
import type { Io } from './context.ts'
import { exitCodes } from './exit.ts'
import { helpText, helpWidth } from './help.ts'
import { createOutput } from './output.ts'
import { type Parsed, parse } from './parse.ts'

/** Every command, in the order of help. */
export const commands: readonly Command[] = [
  ...serveCommands,
  ...dashboardCommands,
  ...runCommands,
  ...attachCommands,
  ...sessionCommands,
  ...inboxCommands,
  ...grantCommands,
  ...sendCommands,
  ...deliveryCommands,
  ...tailCommands,
  ...hookCommands,
  ...checkCommands,
  ...configCommands,
  ...keyCommands,
  ...secretCommands,
  ...backupCommands,
  ...doctorCommands,
  ...relayCommands,
  ...serviceCommands,
  ...completionCommands,
  ...versionCommands,
  ...helpCommands,
]

/** `argv` without the program's own name. Resolves with the exit code and never throws. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  try {
    if (argv[0] === '__hold') return await io.holdTerminal(argv.slice(1))
    if (argv[0] === completeName) return await complete(argv.slice(1), commands, io)
    return await obey(parse(argv, commands), io)
  } catch (thrown) {
    // Agents read the output and the exit code of a failing hook as an instruction.
    return argv[0] === relayName ? 0 : report(thrown, io)
  }
}

async function obey(parsed: Parsed, io: Io): Promise<number> {
  if (parsed.kind === 'help') return showHelp(parsed, io)
  const { flags } = parsed
  const out = createOutput(io, { color: !flags.on('no-color') })
  const json = flags.on('json')
  if (parsed.kind === 'version') return runVersion({ io, out, json })
  const { command, args, rest } = parsed
  const home = homeRoot(flags.text('home'), io)
  return command.run({ io, out, home, json, args, flags, rest, commands })
}

/** Help that was requested goes to standard output; help in place of a command goes to standard error. */
function showHelp({ topic, requested }: Extract<Parsed, { kind: 'help' }>, io: Io): number {
  const write = requested ? io.stdout : io.stderr
  write(`${helpText(topic, commands, helpWidth(io))}\n`)
  return requested ? 0 : exitCodes.usage
}

function report(thrown: unknown, io: Io): number {
  const out = createOutput(io, { color: false })
  out.note(`postern: ${reasonOf(thrown)}`)
  return thrown instanceof Failure ? exitCodes[thrown.code] : exitCodes.internal
}
