import { homeAt } from '../../domain/home.ts'
import type { Call, Command } from '../command.ts'
import type { HookSettings } from '../context.ts'

export const relayCommands: readonly Command[] = [
  {
    name: 'hook-relay',
    summary: "Pass the event of an agent's hook on to the session it belongs to.",
    details:
      'Agents call it, see session add --print-hooks. The session is named by --session or $POSTERN_SESSION. It needs no server, prints nothing and always exits with 0: it must not disturb the agent.',
    args: [
      { name: 'agent', summary: 'whose hook it is', required: true },
      { name: 'payload', summary: 'the event, as JSON; else on standard input' },
    ],
    flags: [
      {
        name: 'session',
        value: 'id',
        complete: 'openSessions',
        summary: 'the session; else $POSTERN_SESSION',
      },
    ],
    examples: [
      'postern hook-relay claude < hook.json',
      `postern hook-relay codex --session build '{"type":"agent-turn-complete"}'`,
    ],
    run: runRelay,
  },
]

/** `runCli` compares this with the first argument before it parses: the exit code is 0 even for a wrong command line. */
export const relayName = 'hook-relay'

const inputTimeoutMs = 3000

async function runRelay({ io, home, args, flags }: Call): Promise<number> {
  const payload = args.text('payload') ?? (await readInput(io.read('-')))
  const session = flags.text('session')
  const agentHooks = await io.relay()
  agentHooks.send({
    runDir: homeAt(home).runDir,
    agent: args.need('agent'),
    env: io.env,
    ...(session !== undefined && { session }),
    payload,
  })
  return 0
}

async function readInput(input: Promise<Uint8Array>): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no event came')), inputTimeoutMs)
  })
  try {
    return new TextDecoder().decode(await Promise.race([input, late]))
  } finally {
    clearTimeout(timer)
  }
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
