import { Failure } from '../../domain/error.ts'
import { homeAt } from '../../domain/home.ts'
import { within } from '../../wait.ts'
import type { Call, Command } from '../command.ts'
import type { HookSettings } from '../context.ts'

export const hookRelay: Command = {
  name: 'hook-relay',
  summary: "Pass the event of an agent's hook on to the session it belongs to.",
  details:
    'Agents call it, see session add --print-hooks. The session is named by --session or $POSTERN_SESSION. It needs no server, prints nothing and always exits with 0: it must not disturb the agent.',
  args: [
    { name: 'agent', summary: 'whose hook it is', required: true },
    { name: 'payload', summary: 'the event, as JSON; else on standard input' },
  ],
  flags: [{ name: 'session', value: 'id', summary: 'the session; else $POSTERN_SESSION' }],
  examples: [
    'postern hook-relay claude < hook.json',
    `postern hook-relay codex --session build '{"type":"agent-turn-complete"}'`,
  ],
  run: runRelay,
}

const inputTimeoutMs = 3000

async function runRelay({ io, home, args, flags }: Call): Promise<void> {
  const payload = args.text('payload') ?? (await readInput(io.read('-')))
  const agentHooks = await io.relay()
  agentHooks.send({
    runDir: homeAt(home).runDir,
    agent: args.need('agent'),
    env: io.env,
    ...flags.pick('session'),
    payload,
  })
}

async function readInput(input: Promise<Uint8Array>): Promise<string> {
  if (!(await within(input, inputTimeoutMs))) throw new Failure('usage', 'no event came')
  return new TextDecoder().decode(await input)
}

/** Settings of hooks, for --json. */
export const hooksView = (settings: readonly HookSettings[]): { readonly hooks?: object } =>
  settings.length === 0
    ? {}
    : { hooks: Object.fromEntries(settings.map(({ agent, value }) => [agent, value])) }

/** Settings on standard output, each under its agent's name where there are several; what to do with them on standard error. */
export function printHooks({ out }: Call, settings: readonly HookSettings[]): void {
  for (const { title, where, text } of settings) {
    out.note(`${title}: ${where}.`)
    if (settings.length > 1) out.line(`# ${title}`)
    out.line(text)
  }
}
