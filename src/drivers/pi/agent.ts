import { randomUUID } from 'node:crypto'
import { type Agent, type AgentOrder, type Named, type Started, startAgent } from '../agent-process/agent.ts'
import type { Child } from '../agent-process/child.ts'
import type { Json } from '../json.ts'
import { textAt } from '../json.ts'
import { createConnection, type PiConnection, type Reply } from './connection.ts'
import type { PiSettings } from './settings.ts'
import { startTurn } from './turn.ts'

/** The conversation's id is chosen here, because pi names one of its own only once that has begun. */
export function startPi(order: AgentOrder, _settings: PiSettings, signal: AbortSignal): Promise<Started> {
  const id = order.conversation ?? randomUUID()
  const command = [...order.command, '--mode', 'rpc', '--session-id', id]
  return startAgent({ ...order, command }, signal, (child) => opened(child, order.conversation !== undefined))
}

async function opened(child: Child, known: boolean): Promise<Started> {
  const connection = createConnection(child.write)
  child.listen({ onText: connection.feed, onGone: connection.fail })
  const state = await connection.request('get_state')
  const conversation = state.kind === 'done' ? textAt(state.data, 'sessionId') : undefined
  if (state.kind === 'done' && conversation !== undefined) {
    const lost = known && state.data.messageCount === 0
    return { kind: 'agent', agent: agentOn(child, connection, { conversation, lost }) }
  }
  const why = state.kind === 'done' ? 'it names no session' : state.why
  await child.end(why)
  return { kind: 'failed', why: `the agent is not ready: ${why}`, retry: true }
}

const agentOn = (
  child: Child,
  connection: PiConnection,
  { conversation, lost }: Pick<Agent, 'conversation' | 'lost'>,
): Agent => ({
  conversation,
  lost,
  running: child.running,
  startTurn: (text, listeners) => startTurn(connection, text, listeners),
  commands: async () => skillsIn(await connection.request('get_commands')),
  end: () => child.end('it was ended'),
})

/** Only skills: an outsider must not call pi's other commands. */
function skillsIn(reply: Reply): Named | undefined {
  if (reply.kind !== 'done') return undefined
  const { commands } = reply.data
  const all: readonly Json[] = Array.isArray(commands) ? commands : []
  const names = all
    .filter((command) => textAt(command, 'source') === 'skill')
    .map((command) => (textAt(command, 'name') ?? '').replace(/^skill:/, ''))
  return { names, mixed: false }
}
