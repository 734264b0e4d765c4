import { randomUUID } from 'node:crypto'
import { type Agent, type AgentOrder, type Started, startAgent } from '../agent-process/agent.ts'
import type { Child } from '../agent-process/child.ts'
import { claudeEnv, isLostConversation } from '../command/presets.ts'
import { createConnection } from './connection.ts'
import type { StreamSettings } from './settings.ts'
import { startTurn } from './turn.ts'

const flags: readonly string[] = [
  '-p',
  '--input-format',
  'stream-json',
  '--output-format',
  'stream-json',
  '--verbose',
  '--replay-user-messages',
  '--permission-prompt-tool',
  'stdio',
]

/** Goes on with the conversation, or begins one under an id chosen here where there is none or it is lost. */
export async function startStream(
  order: AgentOrder,
  settings: StreamSettings,
  signal: AbortSignal,
): Promise<Started> {
  const known = order.conversation
  if (known === undefined) return start(order, settings, { id: randomUUID(), how: 'new' }, signal)
  const resumed = await start(order, settings, { id: known, how: 'resumed' }, signal)
  if (resumed.kind !== 'failed' || !isLostConversation(resumed.why)) return resumed
  return start(order, settings, { id: randomUUID(), how: 'lost' }, signal)
}

interface Conversation {
  readonly id: string
  readonly how: 'new' | 'resumed' | 'lost'
}

function start(
  order: AgentOrder,
  settings: StreamSettings,
  conversation: Conversation,
  signal: AbortSignal,
): Promise<Started> {
  const { id, how } = conversation
  const command = [...order.command, ...flags, how === 'resumed' ? '--resume' : '--session-id', id]
  const env = { ...claudeEnv, ...order.env }
  return startAgent({ ...order, command, env }, signal, (child) => opened(child, settings, conversation))
}

async function opened(
  child: Child,
  { permissions }: StreamSettings,
  { id, how }: Conversation,
): Promise<Started> {
  const connection = createConnection(child.write)
  child.listen({ onText: connection.feed, onGone: connection.fail })
  const hello = await connection.request({ subtype: 'initialize' })
  if (hello.kind !== 'done') {
    await child.end(hello.why)
    return { kind: 'failed', why: `the agent is not ready: ${hello.why}`, retry: true }
  }
  const agent: Agent = {
    conversation: id,
    lost: how === 'lost',
    running: child.running,
    startTurn: (text, listeners) => startTurn(connection, text, permissions, listeners),
    commands: async () => {
      const names = connection.skills()
      return names && { names, mixed: false }
    },
    end: () => child.end('it was ended'),
  }
  return { kind: 'agent', agent }
}
