import { type Code, Failure } from '../../domain/error.ts'
import { parseSessionId, runsAt, type Session } from '../../domain/session.ts'
import { openSessionCalled } from '../../manage/find-session.ts'
import { type Call, type Command, withHome } from '../command.ts'
import type { LocalHome } from '../context.ts'
import type { HeldSession, TerminalHolder } from '../terminal-holder.ts'

export const attach: Command = {
  name: 'attach',
  summary: 'Look at a detached agent and type into it.',
  details:
    'Ctrl-\\ detaches; everything else goes to the agent. Needs no door: on a machine that has joined one it works while that is away, too.',
  args: [{ name: 'id', summary: 'the session', complete: 'terminals', required: true }],
  examples: ['postern attach build'],
  run: runAttach,
}

async function runAttach(call: Call): Promise<number> {
  const id = call.args.need('id')
  const holder = await call.io.terminalHolder(call.home)
  const session = await withHome(call, (home) => findTerminal(home, id)).catch((thrown) =>
    findWithoutStore(call, holder, id, thrown),
  )
  return join(call, holder, session)
}

/** A terminal that runs here is reached whether its store is or not, as that of a door elsewhere. */
async function findWithoutStore(call: Call, holder: TerminalHolder, id: string, thrown: unknown) {
  if (!(thrown instanceof Failure) || !outOfReach.includes(thrown.code)) throw thrown
  const session = await holder.find(parseSessionId(id))
  if (!session) throw thrown
  call.out.note(thrown.message)
  call.out.note(`The terminal of "${id}" runs here all the same.`)
  return session
}

const outOfReach: readonly Code[] = ['unreachable', 'unauthorized', 'store_unavailable']

async function findTerminal({ store, host }: LocalHome, id: string): Promise<Session> {
  const session = await openSessionCalled(store, id)
  if (!runsAt(session, host))
    throw new Failure('usage', `"${id}" runs on another machine, "${session.host}": attach to it there.`)
  if (session.driver === 'pty') return session
  throw new Failure('usage', `"${id}" has no terminal of ours: its driver is "${session.driver}".`)
}

export async function join(call: Call, holder: TerminalHolder, session: HeldSession): Promise<number> {
  if (call.io.terminal.stdin && call.io.terminal.stdout)
    call.out.note(`Ctrl-\\ leaves it running; everything else goes to the agent of "${session.id}".`)
  const parting = await holder.attach(session)
  if (parting.kind === 'ended') return parting.code
  call.out.note(`Detached. It goes on; join it again with: postern attach ${session.id}`)
  return 0
}
