import { Failure, reasonOf } from '../domain/error.ts'
import { aboutCommands, runVersion } from './about.ts'
import { channelCommands } from './channel.ts'
import type { Command } from './command.ts'
import { configCommands } from './config.ts'
import { deliveryCommands } from './deliveries.ts'
import { doctorCommands } from './doctor.ts'
import { exitCodes } from './exit.ts'
import { helpText, helpWidth } from './help.ts'
import { hookCommands } from './hooks.ts'
import { inboxCommands } from './inbox.ts'
import type { Io } from './io.ts'
import { keyCommands } from './keys.ts'
import { createOutput } from './output.ts'
import { type Parsed, parse } from './parse.ts'
import { homeRoot } from './reading.ts'
import { relayCommands, relayName } from './relay.ts'
import { runCommands } from './run.ts'
import { sendCommands } from './send.ts'
import { serveCommands } from './serve.ts'
import { sessionCommands } from './session.ts'
import { tailCommands } from './tail.ts'

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
