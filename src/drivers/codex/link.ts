import type { Child } from '../agent-process/child.ts'
import { createRpc, type Reply, type Rpc, type RpcEars } from '../agent-process/rpc.ts'
import type { Json, JsonObject } from '../json.ts'
import { openWebSocket, type SocketPlace } from './websocket.ts'

/** A connection to an app server that has been greeted. */
export interface Link {
  call(method: string, params: Json): Promise<Reply>
  alive(): boolean
  /** Who hears what it tells from now on. */
  listen(ears: LinkEars | undefined): void
  close(): Promise<void>
}

export interface LinkEars {
  readonly told: (method: string, params: JsonObject) => void
  /** The answer to a request of our own process; undefined for one that is unknown here. */
  readonly asked: (method: string, params: JsonObject) => Promise<Json> | undefined
  readonly gone: () => void
}

/** Connects to a server that others use as well. Rejects with what the system or the server said, and on abort. */
export async function linkTo(place: SocketPlace, signal: AbortSignal): Promise<Link> {
  const talk = talking((line) => socket.send(line.trimEnd()), undecided)
  const onMessage = (message: string) => talk.rpc.feed(`${message}\n`)
  const socket = await openWebSocket(place, { onMessage, onClosed: talk.gone }, signal)
  signal.addEventListener('abort', socket.close)
  try {
    return await greeted(talk, { alive: socket.open, close: async () => socket.close() })
  } finally {
    signal.removeEventListener('abort', socket.close)
  }
}

/** What is asked of all who use a server is for a person to decide. Even a refusal would be a decision. */
const undecided = (): Promise<Json> => new Promise(() => {})

/** Greets a server that is our own process. Rejects with why it is of no use. */
export function linkOn(child: Child): Promise<Link> {
  const talk = talking(child.write, (method, params) => talk.heard.ears?.asked(method, params))
  child.listen({ heard: talk.rpc.feed, gone: talk.gone })
  return greeted(talk, { alive: child.running, close: () => child.end('it was ended') })
}

interface Talk {
  readonly rpc: Rpc
  readonly heard: { ears: LinkEars | undefined }
  readonly gone: (why: string) => void
}

function talking(write: (line: string) => void, asked: RpcEars['asked']): Talk {
  const heard: Talk['heard'] = { ears: undefined }
  const rpc = createRpc({ write, asked, notified: (method, params) => heard.ears?.told(method, params) })
  const gone = (why: string) => {
    rpc.fail(why)
    heard.ears?.gone()
  }
  return { rpc, heard, gone }
}

async function greeted({ rpc, heard }: Talk, wire: Pick<Link, 'alive' | 'close'>): Promise<Link> {
  const link: Link = {
    ...wire,
    call: (method, params) => inTime(method, rpc.request(method, params)),
    listen: (ears) => {
      heard.ears = ears
    },
  }
  const hello = await link.call('initialize', greeting)
  if (hello.kind === 'result') {
    rpc.notify('initialized', {})
    return link
  }
  await link.close()
  throw new Error(hello.kind === 'gone' ? hello.why : hello.message)
}

/** Nothing that is asked of it takes long; a turn only begins with its answer. */
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

/** Not every word of every turn: how one goes is asked for. */
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
