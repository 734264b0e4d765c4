import { Failure, reasonOf } from '../domain/error.ts'
import { homeRoot } from './arguments.ts'
import type { Command } from './command.ts'
import { aboutCommands, runVersion } from './commands/about.ts'
import { configCommands } from './commands/config.ts'
import { deliveryCommands } from './commands/deliveries.ts'
import { doctorCommands } from './commands/doctor.ts'
import { channelCommands } from './commands/grants.ts'
import { hookCommands } from './commands/hooks.ts'
import { inboxCommands } from './commands/inbox.ts'
import { keyCommands } from './commands/keys.ts'
import { relayCommands, relayName } from './commands/relay.ts'
import { runCommands } from './commands/run.ts'
import { sendCommands } from './commands/send.ts'
import { serveCommands } from './commands/serve.ts'
import { sessionCommands } from './commands/session.ts'
import { tailCommands } from './commands/tail.ts'
import type { Io } from './context.ts'
import { exitCodes } from './exit.ts'
import { helpText, helpWidth } from './help.ts'
import { createOutput } from './output.ts'
import { type Parsed, parse } from './parse.ts'

/** Every command, in the order of help. */
export const commands: readonly Command[] = [
  ...serveCommands,
  ...runCommands,
  ...sessionCommands,
  ...inboxCommands,
  ...channelCommands,
  ...sendCommands,
  ...deliveryCommands,
  ...tailCommands,
  ...hookCommands,
  ...configCommands,
  ...keyCommands,
  ...doctorCommands,
  ...relayCommands,
  ...aboutCommands,
]

/** `argv` without the program's own name. Resolves with the exit code and never throws. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  try {
    if (argv[0] === '__hold') return await io.hold(argv.slice(1))
    return await obey(parse(argv, commands), io)
  } catch (thrown) {
    // Agents read a failing hook, and what it prints, as a word to them.
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

/** Help that was asked for is data; help instead of what was asked for is talk. */
function showHelp({ words, asked }: Extract<Parsed, { kind: 'help' }>, io: Io): number {
  const write = asked ? io.stdout : io.stderr
  write(`${helpText(words, commands, helpWidth(io))}\n`)
  return asked ? 0 : exitCodes.usage
}

function report(thrown: unknown, io: Io): number {
  const out = createOutput(io, { color: false })
  out.say(`postern: ${reasonOf(thrown)}`)
  return thrown instanceof Failure ? exitCodes[thrown.code] : exitCodes.internal
}
