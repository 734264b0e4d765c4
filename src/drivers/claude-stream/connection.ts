import { oneLine } from '../../domain/one-line.ts'
import { parseLine, splitLines } from '../agent-process/lines.ts'
import { isObject, type JsonObject, textAt } from '../json.ts'

/** How a request of ours was answered. `gone`: the agent's process is over, and nobody will answer. */
export type Reply =
  | { readonly kind: 'done'; readonly response: JsonObject }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'gone'; readonly why: string }

/** Claude Code's stream-json: messages, and control requests both ways, a JSON object a line (seen in 2.1.329). */
export interface StreamConnection {
  request(request: JsonObject): Promise<Reply>
  /** A line that is not answered. */
  send(line: JsonObject): void
  /** Answers a control request of the agent's. */
  answer(requestId: string, response: JsonObject): void
  /** Who hears the messages and control requests from now on. */
  listen(listener: ((line: JsonObject) => void) | undefined): void
  /** What the agent wrote. */
  feed(text: string): void
  /** The agent is gone: everything pending is answered so, and everything later. */
  fail(why: string): void
  /** Resolves with why, once the agent is gone. */
  readonly gone: Promise<string>
  /** The names of the skills it knows, once it has said so; before its first turn it only names commands of its user's. */
  skills(): readonly string[] | undefined
}

export function createConnection(write: (line: string) => void): StreamConnection {
  const pending = new Map<string, (reply: Reply) => void>()
  const { promise: gone, resolve: isGone } = Promise.withResolvers<string>()
  const tell = (line: JsonObject) => write(`${JSON.stringify(line)}\n`)
  let listener: ((line: JsonObject) => void) | undefined
  let skills: readonly string[] | undefined
  let [last, over] = [0, '']
  const answer = (requestId: string, response: JsonObject) =>
    tell({ type: 'control_response', response: { subtype: 'success', request_id: requestId, response } })
  const hear = (line: JsonObject) => {
    if (line.type === 'control_response') {
      skills ??= ownCommandsIn(line)
      answered(line, pending)
    } else {
      if (line.type === 'system' && line.subtype === 'init') skills = namesIn(line.skills) ?? skills
      if (listener) listener(line)
      else refuse(line, tell)
    }
  }
  return {
    request: (request) =>
      new Promise((resolve) => {
        if (over !== '') return resolve({ kind: 'gone', why: over })
        const id = `postern-${++last}`
        pending.set(id, resolve)
        tell({ type: 'control_request', request_id: id, request })
      }),
    send: tell,
    answer,
    listen: (other) => {
      listener = other
    },
    feed: splitLines((text) => {
      const line = parseLine(text)
      if (line) hear(line)
    }),
    fail: (why) => {
      over ||= why
      for (const reply of pending.values()) reply({ kind: 'gone', why: over })
      pending.clear()
      isGone(over)
    },
    gone,
    skills: () => skills,
  }
}

function answered({ response }: JsonObject, pending: Map<string, (reply: Reply) => void>): void {
  const id = textAt(response, 'request_id') ?? ''
  const reply = pending.get(id)
  pending.delete(id)
  if (!reply || !isObject(response)) return
  if (response.subtype === 'error')
    reply({ kind: 'refused', why: oneLine(textAt(response, 'error') ?? 'it refuses') })
  else reply({ kind: 'done', response: isObject(response.response) ? response.response : {} })
}

/** Nobody is there to decide it: no turn of ours runs. */
function refuse(line: JsonObject, tell: (line: JsonObject) => void): void {
  if (line.type === 'control_request') tell(refusalOf(line))
}

export const refusalOf = ({ request_id: id }: JsonObject): JsonObject => ({
  type: 'control_response',
  response: { subtype: 'error', request_id: id ?? '', error: 'not supported' },
})

function ownCommandsIn({ response }: JsonObject): readonly string[] | undefined {
  const inner = isObject(response) && isObject(response.response) ? response.response : {}
  const { commands } = inner
  if (!Array.isArray(commands)) return undefined
  return commands
    .filter((command) => isObject(command) && command.builtin !== true)
    .flatMap((command) => textAt(command, 'name') ?? [])
}

const namesIn = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) ? value.filter((name) => typeof name === 'string') : undefined
