import { oneLine } from '../../domain/one-line.ts'
import { parseLine, splitLines } from '../agent-process/lines.ts'
import { isObject, type JsonObject, textAt } from '../json.ts'

/** How a command of ours was answered. `gone`: the agent's process is over, and nobody will answer. */
export type Reply =
  | { readonly kind: 'done'; readonly data: JsonObject }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'gone'; readonly why: string }

/** pi's RPC mode: a JSON object a line, commands with ids one way, responses and events the other. */
export interface PiConnection {
  request(type: string, more?: JsonObject): Promise<Reply>
  /** A line that is not answered. */
  send(line: JsonObject): void
  /** Who hears the events from now on. */
  listen(listener: ((event: JsonObject) => void) | undefined): void
  /** What the agent wrote. */
  feed(text: string): void
  /** The agent is gone: everything pending is answered so, and everything later. */
  fail(why: string): void
  /** Resolves with why, once the agent is gone. */
  readonly gone: Promise<string>
}

export function createConnection(write: (line: string) => void): PiConnection {
  const pending = new Map<string, (reply: Reply) => void>()
  const { promise: gone, resolve: isGone } = Promise.withResolvers<string>()
  const tell = (line: JsonObject) => write(`${JSON.stringify(line)}\n`)
  let [last, over, listener] = [0, '', undefined as ((event: JsonObject) => void) | undefined]
  return {
    request: (type, more = {}) =>
      new Promise((resolve) => {
        if (over !== '') return resolve({ kind: 'gone', why: over })
        const id = `postern-${++last}`
        pending.set(id, resolve)
        tell({ ...more, type, id })
      }),
    send: tell,
    listen: (other) => {
      listener = other
    },
    feed: splitLines((line) => {
      const said = parseLine(line)
      if (said?.type === 'response') answered(said, pending)
      else if (said) listener?.(said)
    }),
    fail: (why) => {
      over ||= why
      for (const answer of pending.values()) answer({ kind: 'gone', why: over })
      pending.clear()
      isGone(over)
    },
    gone,
  }
}

function answered(said: JsonObject, pending: Map<string, (reply: Reply) => void>): void {
  const id = textAt(said, 'id') ?? ''
  const answer = pending.get(id)
  pending.delete(id)
  if (said.success === true) answer?.({ kind: 'done', data: isObject(said.data) ? said.data : {} })
  else answer?.({ kind: 'refused', why: oneLine(textAt(said, 'error') ?? 'it refuses without a reason') })
}
