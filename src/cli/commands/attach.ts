import { Failure } from '../../domain/error.ts'
import { runsAt, type Session } from '../../domain/session.ts'
import { openSessionCalled } from '../../manage/find-session.ts'
import { type Call, type Command, withHome } from '../command.ts'
import type { LocalHome, TerminalHolder } from '../context.ts'

export const attach: Command = {
  name: 'attach',
  summary: 'Look at a detached agent and type into it.',
  details: 'Ctrl-\\ detaches; everything else goes to the agent.',
  args: [{ name: 'id', summary: 'the session', complete: 'terminals', required: true }],
  examples: ['postern attach build'],
  run: runAttach,
}

async function runAttach(call: Call): Promise<number> {
  const session = await withHome(call, (home) => findTerminal(home, call.args.need('id')))
  return join(call, await call.io.terminalHolder(call.home), session)
}

async function findTerminal({ store, host }: LocalHome, id: string): Promise<Session> {
  const session = await openSessionCalled(store, id)
  if (!runsAt(session, host))
    throw new Failure('usage', `"${id}" runs on another machine, "${session.host}": attach to it there.`)
  if (session.driver === 'pty') return session
  throw new Failure('usage', `"${id}" has no terminal of ours: its driver is "${session.driver}".`)
}

export async function join(call: Call, holder: TerminalHolder, session: Session): Promise<number> {
  if (call.io.terminal.stdin && call.io.terminal.stdout)
    call.out.note(`Ctrl-\\ leaves it running; everything else goes to the agent of "${session.id}".`)
  const parting = await holder.attach(session)
  if (parting.kind === 'ended') return parting.code
  call.out.note(`Detached. It goes on; join it again with: postern attach ${session.id}`)
  return 0
}
