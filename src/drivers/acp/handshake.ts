import type { InitializeRequest, LoadSessionRequest, NewSessionRequest } from '@agentclientprotocol/sdk'
import type { Reply, Rpc } from '../agent-process/rpc.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'

/** The agent's conversation, or why there is none. `login`: a person has to let the agent in first. */
export type Opened =
  | { readonly kind: 'open'; readonly sessionId: string; readonly lost: boolean }
  | { readonly kind: 'trouble'; readonly why: string; readonly login: boolean }

/**
 * Says hello, then resumes the conversation of that id, or begins one where there is none or the agent has lost it
 * (ACP v1, agentclientprotocol.com/protocol: initialization, session setup).
 */
export async function openSession(rpc: Rpc, cwd: string, known: string | undefined): Promise<Opened> {
  const hello = await rpc.request('initialize', greeting)
  if (hello.kind !== 'result') return troubleOf(hello)
  const { protocolVersion } = hello.result
  if (protocolVersion !== greeting.protocolVersion)
    return trouble(`it speaks version ${JSON.stringify(protocolVersion)} of the protocol, not 1`)
  for (const method of waysBack(hello.result, known)) {
    const again = await rpc.request(method, {
      sessionId: known ?? '',
      cwd,
      mcpServers: [],
    } satisfies LoadSessionRequest)
    if (again.kind === 'result') return { kind: 'open', sessionId: known ?? '', lost: false }
    if (again.kind === 'gone' || again.code === authRequired) return troubleOf(again)
  }
  return begin(rpc, cwd, known !== undefined)
}

/** No files and no terminals are lent to the agent: it has its own. */
const greeting = {
  protocolVersion: 1,
  clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
  clientInfo: { name: 'postern', version: '1' },
} satisfies InitializeRequest & Json

/** Resuming is cheaper: loading makes the agent tell its whole history again. */
function waysBack(hello: JsonObject, known: string | undefined): readonly string[] {
  if (known === undefined) return []
  const abilities = isObject(hello.agentCapabilities) ? hello.agentCapabilities : {}
  const sessions = isObject(abilities.sessionCapabilities) ? abilities.sessionCapabilities : {}
  return [
    ...(isObject(sessions.resume) ? ['session/resume'] : []),
    ...(abilities.loadSession === true ? ['session/load'] : []),
  ]
}

async function begin(rpc: Rpc, cwd: string, lost: boolean): Promise<Opened> {
  const begun = await rpc.request('session/new', { cwd, mcpServers: [] } satisfies NewSessionRequest)
  if (begun.kind !== 'result') return troubleOf(begun)
  const sessionId = textAt(begun.result, 'sessionId')
  return sessionId === undefined
    ? trouble('it began a conversation without an id')
    : { kind: 'open', sessionId, lost }
}

/** "Authentication required" (ACP v1, error codes). */
const authRequired = -32000

const trouble = (why: string, login = false): Opened => ({ kind: 'trouble', why, login })

const troubleOf = (reply: Exclude<Reply, { kind: 'result' }>): Opened =>
  reply.kind === 'gone' ? trouble(reply.why) : trouble(reply.message, reply.code === authRequired)
