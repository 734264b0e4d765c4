import { oneLine } from '../../domain/one-line.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'
import { parseLine, splitLines } from './lines.ts'

/** How a request of ours ended. `gone`: the agent's process is over, and nobody will answer. */
export type Reply =
  | { readonly kind: 'result'; readonly result: JsonObject }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'gone'; readonly why: string }

/**
 * JSON-RPC 2.0, one message a line, as ACP v1 and codex speak it. Of our own because it is this small: the protocols' SDKs
 * bring validators and streams of their own, and give up on lines that are no JSON, which agents print.
 */
export interface Rpc {
  request(method: string, params: Json): Promise<Reply>
  notify(method: string, params: Json): void
  /** What the agent wrote. */
  feed(text: string): void
  /** The agent is gone: everything pending is answered so, and everything later. */
  fail(why: string): void
}

export interface RpcDeps {
  readonly write: (line: string) => void
  readonly onNotification: (method: string, params: JsonObject) => void
  /** Undefined for a method that is unknown here. */
  readonly onRequest: (method: string, params: JsonObject) => Promise<Json> | undefined
}

export function createRpc(listeners: RpcDeps): Rpc {
  const pending = new Map<number, (reply: Reply) => void>()
  const send = (message: JsonObject) => listeners.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const lines = splitLines((line) => receive(line, listeners, pending, send))
  let gone: string | undefined
  let last = 0
  return {
    request: (method, params) =>
      new Promise((resolve) => {
        if (gone !== undefined) return resolve({ kind: 'gone', why: gone })
        pending.set(++last, resolve)
        send({ id: last, method, params })
      }),
    notify: (method, params) => {
      if (gone === undefined) send({ method, params })
    },
    feed: lines,
    fail: (why) => {
      gone ??= why
      for (const answer of pending.values()) answer({ kind: 'gone', why: gone })
      pending.clear()
    },
  }
}

function receive(
  line: string,
  listeners: RpcDeps,
  pending: Map<number, (reply: Reply) => void>,
  send: (message: JsonObject) => void,
): void {
  const message = parseLine(line)
  if (!message) return
  const { id, method } = message
  const params = isObject(message.params) ? message.params : {}
  if (typeof method !== 'string') answered(message, pending)
  else if (id === undefined || id === null) listeners.onNotification(method, params)
  else void reply(id, method, listeners.onRequest(method, params), send)
}

function answered(message: JsonObject, pending: Map<number, (reply: Reply) => void>): void {
  const { id, error, result } = message
  const answer = typeof id === 'number' ? pending.get(id) : undefined
  if (!answer || typeof id !== 'number') return
  pending.delete(id)
  if (isObject(error)) answer({ kind: 'error', code: codeOf(error), message: complaintOf(error) })
  else answer({ kind: 'result', result: isObject(result) ? result : {} })
}

const codeOf = ({ code }: JsonObject): number => (typeof code === 'number' ? code : 0)

/** Many agents say only "Internal error" and keep what happened for `data`. */
function complaintOf(error: JsonObject): string {
  const said = textAt(error, 'message') ?? `error ${codeOf(error)}`
  const more = textAt(error, 'data') ?? textAt(error, 'data', 'message') ?? textAt(error, 'data', 'details')
  const whole = more === undefined || said.includes(more) ? said : `${said}: ${more}`
  return oneLine(whole)
}

const methodNotFound = -32601
const internalError = -32603

async function reply(
  id: Json,
  method: string,
  result: Promise<Json> | undefined,
  send: (message: JsonObject) => void,
): Promise<void> {
  if (!result) return send({ id, error: { code: methodNotFound, message: `Method not found: ${method}` } })
  try {
    send({ id, result: await result })
  } catch {
    send({ id, error: { code: internalError, message: 'Internal error' } })
  }
}
