import { Failure } from '../../domain/error.ts'
import { parseSessionId, type Session } from '../../domain/session.ts'
import { newGeneration, type Opened, openSession, requireFree } from '../../manage/sessions.ts'
import { type Call, type Command, withHome } from '../command.ts'
import type { LocalHome } from '../context.ts'
import type { TerminalHolder } from '../terminal-holder.ts'
import { join } from './attach.ts'
import { decisionWait, decisionWaitFlag, hooksView, printHooks } from './hook-relay.ts'
import { decisionsFlag, printOpened } from './session.ts'

export const run: Command = {
  name: 'run',
  summary: 'Start an agent in a terminal of its own, reachable as a session.',
  details:
    'Its exit code becomes ours. With --detach it goes on in the background; postern attach joins it again.',
  flags: [
    {
      name: 'session',
      value: 'id',
      complete: 'sessions',
      summary: 'the session it becomes',
      required: true,
    },
    { name: 'detach', summary: 'leave it in the background' },
    { name: 'replace', summary: 'take the place of a live session of that id' },
    decisionsFlag,
    {
      name: 'print-hooks',
      summary: 'print the settings that make the agent report its turns, and start nothing',
    },
    decisionWaitFlag,
  ],
  rest: { name: 'command', summary: 'the command that runs the agent', required: true },
  examples: ['postern run --session build -- claude', 'postern run --session build --detach -- codex'],
  run: runRun,
}

async function runRun(call: Call): Promise<number> {
  if (call.flags.on('print-hooks')) return runPrintHooks(call)
  const holder = await call.io.terminalHolder(call.home)
  const opened = await withHome(call, (home) => start(call, home, holder))
  printOpened(call, opened)
  return call.flags.on('detach') ? 0 : join(call, holder, opened.session)
}

async function runPrintHooks(call: Call): Promise<number> {
  const agentHooks = await call.io.relay()
  const settings = await agentHooks.settings({
    ...{ command: call.rest, home: call.home },
    decisions: call.flags.on('decisions') ? decisionWait(call) : undefined,
  })
  if (call.json) call.out.json(hooksView(settings))
  else printHooks(call, settings)
  return 0
}

/** The program runs before its session is open, so that one that cannot start replaces no session. */
async function start(call: Call, home: LocalHome, holder: TerminalHolder): Promise<Opened> {
  const { store, clock, connect } = home
  const id = parseSessionId(call.flags.need('session'))
  const replace = call.flags.on('replace')
  await requireFree(store, id, replace)
  const generation = newGeneration(clock)
  const { cwd, terminal: size } = call.io
  const settings = await holder.start({ session: id, generation, command: call.rest, cwd, ...size })
  const wanted = {
    ...{ id, driver: 'pty', settings, generation },
    ...(call.flags.on('decisions') && { decisions: true as const }),
  }
  try {
    const opened = await openSession({ store, clock, connect }, { ...wanted, replace })
    await home.selves.open(opened.session).catch(unlessOver)
    await noteEarlyEnd(home, opened.session)
    return opened
  } catch (thrown) {
    await giveUp(home, { ...wanted, state: 'live', openedAt: clock.now() })
    throw thrown
  }
}

/** A program that has ended by now needs no capability. */
function unlessOver(thrown: unknown): void {
  if (!(thrown instanceof Failure) || thrown.code !== 'session_ended') throw thrown
}

/** A program that ended before its session was open could not mark that session as ended. */
async function noteEarlyEnd({ connect, store, clock, selves }: LocalHome, session: Session): Promise<void> {
  const connection = await connect(session)
  if (!connection) return
  try {
    const readiness = await connection.state(AbortSignal.timeout(3000))
    if (readiness.kind !== 'ended' && readiness.kind !== 'missing') return
    await store.endSession(session.id, session.generation, {
      at: clock.now(),
      ...(readiness.kind === 'ended' && readiness.exitCode !== undefined && { exitCode: readiness.exitCode }),
    })
    await selves.renew()
  } finally {
    await connection.close()
  }
}

async function giveUp({ connect }: LocalHome, session: Session): Promise<void> {
  const connection = await connect(session)
  await connection?.end()
  await connection?.close()
}
