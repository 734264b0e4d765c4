import type { CancelNotification, PromptRequest, RequestPermissionResponse } from '@agentclientprotocol/sdk'
import { within } from '../../wait.ts'
import { type Agent, type AgentOrder, type Named, type Started, startAgent } from '../agent-process/agent.ts'
import type { Child } from '../agent-process/child.ts'
import { createRpc, type Rpc } from '../agent-process/rpc.ts'
import { blockedBy, heldBy } from '../blocked.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'
import { openSession } from './handshake.ts'
import type { AcpSettings } from './settings.ts'
import { type Conversation, startTurn, type TurnHandlers } from './turn.ts'

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
  const connection = connectTo(child)
  const session = await openSession(connection.rpc, cwd, conversation)
  if (session.kind === 'open') return { kind: 'agent', agent: agentOn(connection, session, permissions) }
  await child.end(session.why)
  return session.login
    ? { ...heldBy(blockedBy(`a login: ${session.why}`)), retryAfterMs: loginRetryMs }
    : { kind: 'failed', why: `the agent is not ready: ${session.why}`, retry: true }
}

function agentOn(
  connection: AcpConnection,
  { sessionId, lost }: { readonly sessionId: string; readonly lost: boolean },
  permissions: readonly string[],
): Agent {
  const { child, rpc, log } = connection
  const partner: Conversation = {
    prompt: (text) =>
      rpc.request('session/prompt', {
        sessionId,
        prompt: [{ type: 'text', text }],
      } satisfies PromptRequest),
    cancel: () => rpc.notify('session/cancel', { sessionId } satisfies CancelNotification),
    listen: (handlers) => {
      log.turn = handlers
    },
  }
  return {
    conversation: sessionId,
    lost,
    running: child.running,
    startTurn: (text, listeners) => startTurn(partner, text, permissions, listeners),
    commands: async () => {
      await within(log.named, commandsMs)
      return log.commands
    },
    end: () => child.end('it was ended'),
  }
}

/** Agents tell their commands right behind the answer that opens a conversation. */
const commandsMs = 500

interface AcpConnection {
  readonly child: Child
  readonly rpc: Rpc
  readonly log: ConversationLog
}

interface ConversationLog {
  turn: TurnHandlers | undefined
  commands: Named | undefined
  readonly named: Promise<void>
}

function connectTo(child: Child): AcpConnection {
  const { promise: named, resolve } = Promise.withResolvers<void>()
  const log: ConversationLog = { turn: undefined, commands: undefined, named }
  const rpc = createRpc({
    write: child.write,
    onNotification: (method, { update }) => {
      if (method !== 'session/update' || !isObject(update)) return
      const commands = commandsIn(update)
      if (commands) log.commands = commands
      if (commands) resolve()
      log.turn?.onUpdate(update)
    },
    onRequest: (method, params) =>
      method === 'session/request_permission'
        ? (log.turn?.onPermissionRequest(params) ?? refused())
        : undefined,
  })
  child.listen({ onText: rpc.feed, onGone: rpc.fail })
  return { child, rpc, log: log }
}

/** Refuses what the agent asks while no turn of ours runs. */
const refused = async (): Promise<Json> =>
  ({ outcome: { outcome: 'cancelled' } }) satisfies RequestPermissionResponse

/** Agents that put a sign before skills (`$`, `skill:`) name other commands without one. */
function commandsIn(update: JsonObject): Named | undefined {
  const { sessionUpdate, availableCommands } = update
  if (sessionUpdate !== 'available_commands_update' || !Array.isArray(availableCommands)) return undefined
  const names = availableCommands.flatMap((command: Json) => textAt(command, 'name') ?? [])
  const skills = names.filter((name) => sign.test(name))
  return {
    names: (skills.length > 0 ? skills : names).map((name) => name.replace(/^\/?(?:\$|skill:)?/, '')),
    mixed: skills.length === 0,
  }
}

const sign = /^\/?(?:\$|skill:)/
