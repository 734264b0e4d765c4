import { oneLine } from '../../domain/one-line.ts'
import { parseLine, splitLines } from '../agent-process/lines.ts'
import { type CommandAnswer, createRequests, type Gone, numberOf, textId } from '../agent-process/requests.ts'
import { isObject, type JsonObject, textAt } from '../json.ts'

export type Reply = CommandAnswer | Gone

/** pi's RPC mode: a JSON object a line, commands with ids one way, responses and events the other. */
export interface PiConnection {
  request(type: string, more?: JsonObject): Promise<Reply>
  /** A line that is not answered. */
  send(line: JsonObject): void
  /** From now on events go to `listener`. */
  listen(listener: ((event: JsonObject) => void) | undefined): void
  /** What the agent wrote. */
  feed(text: string): void
  /** The agent is gone: everything pending is answered so, and everything later. */
  fail(why: string): void
  /** Resolves with why, once the agent is gone. */
  readonly gone: Promise<string>
}

export function createConnection(write: (line: string) => void): PiConnection {
  const requests = createRequests<CommandAnswer>()
  const send = (line: JsonObject) => write(`${JSON.stringify(line)}\n`)
  let listener: ((event: JsonObject) => void) | undefined
  return {
    request: (type, more = {}) => requests.open((id) => send({ ...more, type, id: textId(id) })),
    send,
    listen: (other) => {
      listener = other
    },
    feed: splitLines((text) => {
      const line = parseLine(text)
      if (line?.type === 'response') requests.answer(numberOf(line.id), answerIn(line))
      else if (line) listener?.(line)
    }),
    fail: requests.fail,
    gone: requests.gone,
  }
}

const answerIn = (response: JsonObject): CommandAnswer =>
  response.success === true
    ? { kind: 'done', data: isObject(response.data) ? response.data : {} }
    : { kind: 'refused', why: oneLine(textAt(response, 'error') ?? 'it refuses without a reason') }
