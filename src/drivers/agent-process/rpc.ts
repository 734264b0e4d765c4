import { oneLine } from '../../domain/one-line.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'
import { parseLine, splitLines } from './lines.ts'
import { createRequests, type Gone, type Requests } from './requests.ts'

/** How a request of ours ended. */
export type Reply = Answer | Gone

type Answer =
  | { readonly kind: 'result'; readonly result: JsonObject }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }

/**
 * JSON-RPC 2.0, one message a line, as ACP v1 and codex use it. Of our own because it is this small: the protocols' SDKs
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
  readonly onRequest: (method: string, params: JsonObject, id: Json) => Promise<Json> | undefined
}

export function createRpc(deps: RpcDeps): Rpc {
  const requests = createRequests<Answer>()
  const send = (message: JsonObject) => deps.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  return {
    request: (method, params) => requests.open((id) => send({ id, method, params })),
    notify: (method, params) => {
      if (!requests.failed()) send({ method, params })
    },
    feed: splitLines((line) => receive(line, deps, requests, send)),
    fail: requests.fail,
  }
}

function receive(
  line: string,
  { onNotification, onRequest }: RpcDeps,
  requests: Requests<Answer>,
  send: (message: JsonObject) => void,
): void {
  const message = parseLine(line)
  if (!message) return
  const { id, method } = message
  const params = isObject(message.params) ? message.params : {}
  if (typeof method !== 'string') {
    if (typeof id === 'number') requests.answer(id, answerIn(message))
  } else if (id === undefined || id === null) onNotification(method, params)
  else void reply(id, method, onRequest(method, params, id), send)
}

function answerIn({ error, result }: JsonObject): Answer {
  return isObject(error)
    ? { kind: 'error', code: codeOf(error), message: complaintOf(error) }
    : { kind: 'result', result: isObject(result) ? result : {} }
}

const codeOf = ({ code }: JsonObject): number => (typeof code === 'number' ? code : 0)

/** Many agents say only "Internal error" and keep what happened for `data`. */
function complaintOf(error: JsonObject): string {
  const message = textAt(error, 'message') ?? `error ${codeOf(error)}`
  const more = textAt(error, 'data') ?? textAt(error, 'data', 'message') ?? textAt(error, 'data', 'details')
  const whole = more === undefined || message.includes(more) ? message : `${message}: ${more}`
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
