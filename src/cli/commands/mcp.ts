import { Failure } from '../../domain/error.ts'
import { suggestion } from '../../domain/nearest.ts'
import type { Call, Command } from '../command.ts'
import { commandLine, placesOf, type Registration, registrations } from './mcp-registration.ts'

export const mcp: Command = {
  name: 'mcp',
  summary:
    'Give an agent the tools to be woken by something outside: an MCP server on standard input and output.',
  details:
    'The agent starts it, and it finds by itself which session the agent is in. Its tools: wait_for, check, cancel, read, reply.',
  flags: [
    {
      name: 'print-config',
      value: 'AGENT',
      complete: Object.keys(registrations),
      summary: 'print the command that registers it with that agent, and start nothing',
    },
  ],
  examples: ['postern mcp --print-config claude', 'sh -c "$(postern mcp --print-config codex)"'],
  run: runMcp,
}

async function runMcp(call: Call): Promise<void> {
  const agent = call.flags.text('print-config')
  if (agent === undefined) return call.io.serveMcp(call.home)
  const known = Object.keys(registrations)
  const registration = registrations[agent]
  if (!registration) throw new Failure('usage', `There is no agent "${agent}". ${suggestion(agent, known)}`)
  printRegistration(call, agent, registration)
}

/** The command on standard output, to be run; on standard error the same as a piece of the agent's configuration. */
function printRegistration({ io, out, flags, home, json }: Call, agent: string, how: Registration): void {
  const isChosen = flags.on('home') || io.env.POSTERN_HOME
  const server = [...io.program.command, 'mcp', ...(isChosen ? ['--home', home] : [])]
  const [command, text] = [how.command(server), how.text(server)]
  const [first] = how.usual.files
  const file = io.env[how.moved.variable] ? placesOf(how, io).files[0] : `~/${first}`
  if (json) out.json({ agent, command, file, text })
  else {
    out.line(commandLine(command))
    out.note(`${how.title} writes it to ${file}; by hand:\n${text}`)
  }
}
