import type { HookPermission } from '../../domain/decision.ts'
import { Failure, mayPass } from '../../domain/error.ts'
import { homeAt } from '../../domain/home.ts'
import { parseSessionId } from '../../domain/session.ts'
import { pause, within } from '../../wait.ts'
import type { HookSettings } from '../agent-hooks.ts'
import { duration } from '../arguments.ts'
import type { Call, Command } from '../command.ts'
import type { LocalHome } from '../context.ts'
import { decideForHook } from './hook-decision.ts'

export const hookRelay: Command = {
  name: 'hook-relay',
  summary: "Pass the event of an agent's hook on to the session it belongs to.",
  details:
    'Agents call it, see session add --print-hooks. The session is named by --session or $POSTERN_SESSION. It needs no server, prints nothing but a person’s decision and always exits with 0: it must not disturb the agent.',
  args: [
    { name: 'agent', summary: 'whose hook it is', required: true },
    { name: 'payload', summary: 'the event, as JSON; else on standard input' },
  ],
  flags: [
    { name: 'session', value: 'id', summary: 'the session; else $POSTERN_SESSION' },
    {
      name: 'decide',
      value: 'DURATION',
      summary: 'for a permission: wait so long for a decision, and print it',
    },
  ],
  examples: [
    'postern hook-relay claude < hook.json',
    `postern hook-relay codex --session build '{"type":"agent-turn-complete"}'`,
  ],
  run: runRelay,
}

const inputTimeoutMs = 3000

async function runRelay(call: Call): Promise<void> {
  const { io, home, args, flags } = call
  const payload = args.text('payload') ?? (await readInput(io.read('-')))
  const agentHooks = await io.relay()
  try {
    const event = { agent: args.need('agent'), env: io.env, ...flags.pick('session'), payload }
    agentHooks.send({ runDir: homeAt(home).runDir, ...event })
  } finally {
    const wait = flags.text('decide')
    if (wait !== undefined) await waitForDecision(call, payload, duration(wait, '--decide'))
  }
}

async function waitForDecision(call: Call, payload: string, withinMs: number): Promise<void> {
  const { io, args, flags } = call
  const agentHooks = await io.relay()
  const permission = await agentHooks.permission(args.need('agent'), payload, io.env)
  const session = parseSessionId(flags.text('session') ?? io.env.POSTERN_SESSION ?? '')
  if (!permission) return
  const until = performance.now() + withinMs
  const opened = await openWhenReached(call, permission, until)
  try {
    await decideForHook(
      opened,
      session,
      permission,
      Math.max(0, Math.round(until - performance.now())),
      io.stdout,
      (answer) => agentHooks.confirm(call.home, answer),
      io.stopping,
    )
  } finally {
    await opened.close()
  }
}

/** A door or a database that is away may be back while the agent still asks. Throws why it was not reached. */
async function openWhenReached(
  { io, home }: Call,
  permission: HookPermission,
  until: number,
): Promise<LocalHome> {
  for (;;) {
    try {
      return await io.openHome(home)
    } catch (thrown) {
      if (!mayPass(thrown) || io.stopping.aborted || performance.now() > until) throw thrown
      if (!(await permission.stillAsks())) throw thrown
    }
    await pause(againMs, io.stopping)
  }
}

const againMs = 1000

async function readInput(input: Promise<Uint8Array>): Promise<string> {
  if (!(await within(input, inputTimeoutMs))) throw new Failure('usage', 'no event came')
  return new TextDecoder().decode(await input)
}

/** Of commands that print the settings of hooks. */
export const decisionWaitFlag = {
  name: 'decision-wait',
  value: 'DURATION',
  summary:
    'with --decisions and --print-hooks: how long a hook waits for one (claude 25m; codex 10s, while its dialog does not show)',
}

/** What hooks are to wait for, of a session that says `decisions`. */
export function decisionWait({ flags }: Call): { readonly withinMs?: number } {
  const wait = flags.text('decision-wait')
  return wait === undefined ? {} : { withinMs: duration(wait, '--decision-wait') }
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
