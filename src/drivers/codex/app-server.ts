import type { Child } from '../agent-process/child.ts'
import { createRpc, type Reply, type Rpc, type RpcDeps } from '../agent-process/rpc.ts'
import type { Json, JsonObject } from '../json.ts'
import { openWebSocket, type SocketPlace } from './websocket.ts'

/** A connection to an app server that has been greeted. */
export interface AppServer {
  call(method: string, params: Json): Promise<Reply>
  alive(): boolean
  /** From now on notifications and requests go to `handlers`. */
  listen(handlers: AppServerHandlers | undefined): void
  close(): Promise<void>
}

interface AppServerHandlers {
  readonly onNotification: (method: string, params: JsonObject) => void
  /**
   * The answer to a request; undefined for one that is unknown here. One that never resolves leaves the answer to others, as a
   * shared server's must be: it asks all its clients, and even a refusal would be a decision.
   */
  readonly onRequest: RpcDeps['onRequest']
  readonly onGone: () => void
}

/** Connects to a server that others use as well. Rejects with the error of the system or the server, and on abort. */
export async function connectTo(place: SocketPlace, signal: AbortSignal): Promise<AppServer> {
  const protocol = createProtocol((line) => socket.send(line.trimEnd()), undecided)
  const onMessage = (message: string) => protocol.rpc.feed(`${message}\n`)
  const socket = await openWebSocket(place, { onMessage, onClosed: protocol.gone }, signal)
  signal.addEventListener('abort', socket.close)
  try {
    return await greeted(protocol, { alive: socket.open, close: async () => socket.close() })
  } finally {
    signal.removeEventListener('abort', socket.close)
  }
}

/** Nobody here answers in the place of a person. */
export const undecided = (): Promise<Json> => new Promise(() => {})

/** Greets a server that is our own process. Rejects with why it is of no use. */
export function connectChild(child: Child): Promise<AppServer> {
  const protocol = createProtocol(child.write, () => undefined)
  child.listen({ onText: protocol.rpc.feed, onGone: protocol.gone })
  return greeted(protocol, { alive: child.running, close: () => child.end('it was ended') })
}

interface Protocol {
  readonly rpc: Rpc
  readonly current: { handlers: AppServerHandlers | undefined }
  readonly gone: (why: string) => void
}

/** `unheard` answers while nobody listens. */
function createProtocol(write: (line: string) => void, unheard: () => Promise<Json> | undefined): Protocol {
  const current: Protocol['current'] = { handlers: undefined }
  const rpc = createRpc({
    write,
    onRequest: (method, params, id) =>
      current.handlers ? current.handlers.onRequest(method, params, id) : unheard(),
    onNotification: (method, params) => current.handlers?.onNotification(method, params),
  })
  const gone = (why: string) => {
    rpc.fail(why)
    current.handlers?.onGone()
  }
  return { rpc, current: current, gone }
}

async function greeted(
  { rpc, current }: Protocol,
  ends: Pick<AppServer, 'alive' | 'close'>,
): Promise<AppServer> {
  const server: AppServer = {
    ...ends,
    call: (method, params) => inTime(method, rpc.request(method, params)),
    listen: (handlers) => {
      current.handlers = handlers
    },
  }
  const hello = await server.call('initialize', greeting)
  if (hello.kind === 'result') {
    rpc.notify('initialized', {})
    return server
  }
  await server.close()
  throw new Error(hello.kind === 'gone' ? hello.why : hello.message)
}

/** Longest wait for an answer. No request takes long: a turn only begins with its answer. */
const callMs = 30_000

async function inTime(method: string, reply: Promise<Reply>): Promise<Reply> {
  const late = Promise.withResolvers<Reply>()
  const tooLate: Reply = { kind: 'error', code: 0, message: `it did not answer ${method}` }
  const timer = setTimeout(() => late.resolve(tooLate), callMs)
  try {
    return await Promise.race([reply, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Without the deltas of every turn: `turn.ts` asks how one goes. */
const greeting = {
  clientInfo: { name: 'postern', title: 'Postern', version: '1' },
  capabilities: {
    experimentalApi: true,
    requestAttestation: false,
    optOutNotificationMethods: [
      'item/agentMessage/delta',
      'item/plan/delta',
      'item/commandExecution/outputDelta',
      'item/fileChange/outputDelta',
      'item/reasoning/summaryTextDelta',
      'item/reasoning/textDelta',
    ],
  },
} satisfies Json
