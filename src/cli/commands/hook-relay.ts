import { homeAt } from '../../domain/home.ts'
import type { Call, Command } from '../command.ts'
import type { HookSettings } from '../context.ts'

export const relayCommands: readonly Command[] = [
  {
    name: 'hook-relay',
    summary: "Pass on what an agent's hook was told, to the session it belongs to.",
    details:
      'Agents call it, see session add --print-hooks. The session is named by --session or $POSTERN_SESSION. It needs no server, prints nothing and always exits with 0: it must not disturb the agent.',
    args: [
      { name: 'agent', summary: 'whose hook it is', required: true },
      { name: 'payload', summary: 'what the hook was told, as JSON; else on standard input' },
    ],
    flags: [{ name: 'session', value: 'id', summary: 'the session; else $POSTERN_SESSION' }],
    examples: [
      'postern hook-relay claude < hook.json',
      `postern hook-relay codex --session build '{"type":"agent-turn-complete"}'`,
    ],
    run: runRelay,
  },
]

/** Its words, which decide that nothing may go wrong before anything is parsed. */
export const relayName = 'hook-relay'

const patienceMs = 3000

async function runRelay({ io, home, args, flags }: Call): Promise<number> {
  const payload = args.text('payload') ?? (await withinPatience(io.read('-')))
  const session = flags.text('session')
  const desk = await io.relay()
  desk.tell({
    runDir: homeAt(home).runDir,
    agent: args.need('agent'),
    env: io.env,
    ...(session !== undefined && { session }),
    payload,
  })
  return 0
}

async function withinPatience(input: Promise<Uint8Array>): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('nothing was said')), patienceMs)
  })
  try {
    return new TextDecoder().decode(await Promise.race([input, late]))
  } finally {
    clearTimeout(timer)
  }
}

/** As programs see them. */
export const hooksView = (settings: readonly HookSettings[]): { readonly hooks?: object } =>
  settings.length === 0
    ? {}
    : { hooks: Object.fromEntries(settings.map(({ agent, value }) => [agent, value])) }

/** One agent's settings as they are; of several, each under its name. What to do with them is talk. */
export function printHooks({ out }: Call, settings: readonly HookSettings[]): void {
  for (const { title, where, text } of settings) {
    out.say(`${title}: ${where}.`)
    if (settings.length > 1) out.line(`# ${title}`)
    out.line(text)
  }
}
