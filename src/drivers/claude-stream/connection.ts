import { oneLine } from '../../domain/one-line.ts'
import { parseLine, splitLines } from '../agent-process/lines.ts'
import {
  type CommandAnswer,
  createRequests,
  type Gone,
  numberOf,
  type Requests,
  textId,
} from '../agent-process/requests.ts'
import { isObject, type JsonObject, textAt } from '../json.ts'

/** Claude Code's stream-json: messages, and control requests both ways, a JSON object a line (seen in 2.1.332). */
export interface StreamConnection {
  request(request: JsonObject): Promise<CommandAnswer | Gone>
  /** A line that is not answered. */
  send(line: JsonObject): void
  /** Answers a control request of the agent's. */
  answer(requestId: string, response: JsonObject): void
  /** From now on messages and control requests go to `listener`. */
  listen(listener: ((line: JsonObject) => void) | undefined): void
  /** What the agent wrote. */
  feed(text: string): void
  /** The agent is gone: everything pending is answered so, and everything later. */
  fail(why: string): void
  /** Resolves with why, once the agent is gone. */
  readonly gone: Promise<string>
  /** The names of its skills, once it has named them; before its first turn only the commands of its user. */
  skills(): readonly string[] | undefined
}

export function createConnection(write: (line: string) => void): StreamConnection {
  const requests = createRequests<CommandAnswer>()
  const send = (line: JsonObject) => write(`${JSON.stringify(line)}\n`)
  let listener: ((line: JsonObject) => void) | undefined
  let skills: readonly string[] | undefined
  const receive = (line: JsonObject) => {
    if (line.type === 'control_response') {
      skills ??= ownCommandsIn(line)
      return answerIn(line, requests)
    }
    if (line.type === 'system' && line.subtype === 'init') skills = namesIn(line.skills) ?? skills
    if (listener) listener(line)
    // No turn of ours runs, so no person is asked.
    else if (line.type === 'control_request') send(refusalOf(line))
  }
  return {
    request: (request) =>
      requests.open((id) => send({ type: 'control_request', request_id: textId(id), request })),
    send,
    answer: (requestId, response) =>
      send({ type: 'control_response', response: { subtype: 'success', request_id: requestId, response } }),
    listen: (other) => {
      listener = other
    },
    feed: splitLines((text) => {
      const line = parseLine(text)
      if (line) receive(line)
    }),
    fail: requests.fail,
    gone: requests.gone,
    skills: () => skills,
  }
}

function answerIn({ response }: JsonObject, requests: Requests<CommandAnswer>): void {
  if (!isObject(response)) return
  requests.answer(
    numberOf(response.request_id),
    response.subtype === 'error'
      ? { kind: 'refused', why: oneLine(textAt(response, 'error') ?? 'it refuses') }
      : { kind: 'done', data: isObject(response.response) ? response.response : {} },
  )
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
