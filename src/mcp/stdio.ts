import { type JSONRPCMessage, parseJSONRPCMessage, type Transport } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { within } from '../wait.ts'
import { createMcpServer, type McpDeps } from './server.ts'

interface StdioDeps extends McpDeps {
  readonly input: AsyncIterable<Uint8Array>
  readonly write: (text: string) => void
  /** For people: what was not understood. */
  readonly complain: (text: string) => void
  readonly stopping: AbortSignal
}

/** Serves one client over lines of JSON-RPC until its input ends. Nothing but JSON-RPC is ever written. */
export async function serveMcp({ input, write, complain, stopping, ...server }: StdioDeps): Promise<void> {
  const client = createLineTransport(write)
  const handle = serveStdio(() => createMcpServer(server), {
    transport: client.transport,
    onerror: ({ message }) => complain(message),
  })
  stopping.addEventListener('abort', () => void handle.close())
  await Promise.race([readLines(input, client.receive, complain), client.closed])
  await within(client.answered(), answerMs)
  await handle.close()
}

/** What was asked before the input ended is still answered, if it takes no longer. */
const answerMs = 800

/** A client's messages are small; what is longer is passed over, and the next line counts again. */
const maxLineChars = 1_048_576

async function readLines(
  input: AsyncIterable<Uint8Array>,
  receive: (line: string) => void,
  complain: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder()
  let line = ''
  let length = 0
  const end = () => {
    if (length > maxLineChars) complain(`A line of ${length} characters was passed over.`)
    else if (line.trim() !== '') receive(line)
    line = ''
    length = 0
  }
  for await (const chunk of input) {
    const [first = '', ...rest] = decoder.decode(chunk, { stream: true }).split('\n')
    add(first)
    for (const next of rest) {
      end()
      add(next)
    }
  }
  end()

  function add(text: string): void {
    length += text.length
    line = length > maxLineChars ? '' : line + text
  }
}

/** The official transport closes the connection at a long line, and forgets what is still to be answered when the input ends. */
function createLineTransport(write: (text: string) => void) {
  const open = new Set<string | number>()
  const closed = Promise.withResolvers<void>()
  let idle = () => {}
  const settle = (id: unknown) => {
    if (typeof id === 'string' || typeof id === 'number') open.delete(id)
    if (open.size === 0) idle()
  }
  const transport: Transport = {
    start: async () => {},
    send: async (message) => {
      write(`${JSON.stringify(message)}\n`)
      if ('id' in message && !('method' in message)) settle(message.id)
    },
    close: async () => {
      closed.resolve()
      transport.onclose?.()
    },
  }
  return {
    transport,
    closed: closed.promise,
    receive: (line: string) => {
      const message = messageOf(line)
      if (message instanceof Error) return transport.onerror?.(message)
      if ('id' in message && 'method' in message) open.add(message.id)
      if ('method' in message && message.method === 'notifications/cancelled')
        settle((message.params as { readonly requestId?: unknown } | undefined)?.requestId)
      transport.onmessage?.(message)
    },
    answered: () =>
      new Promise<void>((resolve) => {
        idle = resolve
        if (open.size === 0) resolve()
      }),
  }
}

function messageOf(line: string): JSONRPCMessage | Error {
  try {
    return parseJSONRPCMessage(JSON.parse(line))
  } catch {
    return new Error('A line that is no JSON-RPC was passed over.')
  }
}
