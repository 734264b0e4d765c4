import { within } from '../../wait.ts'
import { type Agent, type AgentOrder, type Started, startAgent } from '../agent-process/agent.ts'
import type { Child } from '../agent-process/child.ts'
import { createRpc, type Rpc } from '../agent-process/rpc.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'
import { openSession } from './handshake.ts'
import type { AcpSettings } from './settings.ts'
import { type Partner, startTurn, type TurnEars } from './turn.ts'

const loginRetryMs = 30_000

export const startAcp = (
  order: AgentOrder,
  { permissions }: AcpSettings,
  signal: AbortSignal,
): Promise<Started> => startAgent(order, signal, (child) => opened(child, order, permissions))

async function opened(
  child: Child,
  { cwd, conversation }: AgentOrder,
  permissions: readonly string[],
): Promise<Started> {
  const wire = speaking(child)
  const session = await openSession(wire.rpc, cwd, conversation)
  if (session.kind === 'open') return { kind: 'agent', agent: agentOn(wire, session, permissions) }
  await child.end(session.why)
  return session.login
    ? { kind: 'busy', why: `it waits for a login: ${session.why}`, retryAfterMs: loginRetryMs }
    : { kind: 'failed', why: `the agent is not ready: ${session.why}`, retry: true }
}

function agentOn(
  wire: AgentWire,
  { sessionId, lost }: { readonly sessionId: string; readonly lost: boolean },
  permissions: readonly string[],
): Agent {
  const { child, rpc, heard } = wire
  const partner: Partner = {
    prompt: (text) => rpc.request('session/prompt', { sessionId, prompt: [{ type: 'text', text }] }),
    cancel: () => rpc.notify('session/cancel', { sessionId }),
    listen: (ears) => {
      heard.turn = ears
    },
  }
  return {
    conversation: sessionId,
    lost,
    running: child.running,
    startTurn: (text, signs) => startTurn(partner, text, permissions, signs),
    commands: async () => {
      await within(heard.named, commandsMs)
      return heard.commands
    },
    end: () => child.end('it was ended'),
  }
}

/** Agents tell their commands right behind the answer that opens a conversation. */
const commandsMs = 500

interface AgentWire {
  readonly child: Child
  readonly rpc: Rpc
  readonly heard: Heard
}

interface Heard {
  turn: TurnEars | undefined
  commands: readonly string[] | undefined
  readonly named: Promise<void>
}

function speaking(child: Child): AgentWire {
  const { promise: named, resolve } = Promise.withResolvers<void>()
  const heard: Heard = { turn: undefined, commands: undefined, named }
  const rpc = createRpc({
    write: child.write,
    notified: (method, { update }) => {
      if (method !== 'session/update' || !isObject(update)) return
      const commands = commandsIn(update)
      if (commands) heard.commands = commands
      if (commands) resolve()
      heard.turn?.updated(update)
    },
    asked: (method, params) =>
      method === 'session/request_permission' ? (heard.turn?.asked(params) ?? refused()) : undefined,
  })
  child.listen({ heard: rpc.feed, gone: rpc.fail })
  return { child, rpc, heard }
}

/** Nobody waits for it: no turn of ours runs. */
const refused = async (): Promise<Json> => ({ outcome: { outcome: 'cancelled' } })

function commandsIn(update: JsonObject): readonly string[] | undefined {
  const { sessionUpdate, availableCommands } = update
  if (sessionUpdate !== 'available_commands_update' || !Array.isArray(availableCommands)) return undefined
  return availableCommands.flatMap((command: Json) => {
    const name = textAt(command, 'name')
    return name === undefined ? [] : [name.replace(/^(?:[/$]|skill:)+/, '')]
  })
}
