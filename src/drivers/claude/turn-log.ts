import { oneLine } from '../../domain/one-line.ts'
import type { Outcome, TurnFailure } from '../../domain/outcome.ts'
import { createAnswer } from '../agent-process/answer.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'
import { type Attempt, sha256Of } from './journal.ts'

/** What a transcript shows of one message and its turn. */
export interface TurnLog {
  feed(rows: readonly JsonObject[]): void
  /** The message stands in Claude Code's own queue. */
  queued(): boolean
  /** Unix milliseconds of the row that holds the message; undefined until it is there. */
  seenAt(): number | undefined
  /** The transcript itself shows that the turn is over. */
  over(): boolean
  /** The last row of the turn is a failure. */
  failing(): boolean
  /** How the turn went, given that it is over. */
  outcome(): Outcome
  /** Tool calls since the last time. */
  newTools(): readonly string[]
}

interface Found {
  readonly at: number
  /** All rows of one turn carry the same; absent where the message joined a turn that was running. */
  readonly promptId: string | undefined
}

/**
 * Follows a message by its id (`origin.msg_id` of a row), because its row holds more than the message. Rows of the
 * queue have no ids, so there the texts are compared.
 */
export function createTurnLog({ messageId, sha256 }: Pick<Attempt, 'messageId' | 'sha256'>): TurnLog {
  let [queued, over, toolCalls] = [false, false, 0]
  let seen: Found | undefined
  let failure: { readonly why: TurnFailure; readonly detail: string } | undefined
  let answer = createAnswer()
  let tools: string[] = []
  const addRow = (row: JsonObject): void => {
    if (!seen) {
      if (isQueued(row, sha256)) queued = true
      seen = foundIn(row, messageId)
    } else if (over || row.isSidechain === true) return
    else if (isEnd(row, seen)) over = true
    else if (isInterruption(row)) {
      over = true
      failure = { why: 'cancelled', detail: 'its turn was interrupted in its terminal' }
    } else if (isObject(row.message) && row.message.role === 'assistant') addAssistantRow(row, row.message)
  }
  const addAssistantRow = (row: JsonObject, message: JsonObject): void => {
    failure = failureOf(row, message)
    answer.pause()
    for (const block of blocksOf(message)) {
      if (block.type === 'text') answer.add(textAt(block, 'text') ?? '')
      if (block.type !== 'tool_use') continue
      // A text before the last tool call is no answer yet.
      answer = createAnswer()
      toolCalls++
      tools.push(textAt(block, 'name') ?? 'a tool')
    }
  }
  return {
    feed: (rows) => rows.forEach(addRow),
    queued: () => queued,
    seenAt: () => seen?.at,
    over: () => over,
    failing: () => failure !== undefined,
    outcome: () => outcomeOf(failure, answer.text(), toolCalls),
    newTools: () => {
      const since = tools
      tools = []
      return since
    },
  }
}

const isQueued = ({ type, operation, content }: JsonObject, sha256: string): boolean =>
  type === 'queue-operation' &&
  operation === 'enqueue' &&
  typeof content === 'string' &&
  sha256Of(content) === sha256

function foundIn(row: JsonObject, messageId: string): Found | undefined {
  const attachment = isObject(row.attachment) ? row.attachment : undefined
  const holds =
    textAt(row, 'origin', 'msg_id') === messageId || textAt(attachment, 'origin', 'msg_id') === messageId
  if (!holds) return undefined
  const at = Date.parse(textAt(row, 'timestamp') ?? '')
  return { at: Number.isNaN(at) ? 0 : at, promptId: textAt(row, 'promptId') }
}

/** Its last row, or the first one of the next turn: a turn that failed has no last row. */
const isEnd = (row: JsonObject, { promptId }: Found): boolean =>
  (row.type === 'system' && row.subtype === 'turn_duration') ||
  (promptId !== undefined && row.type === 'user' && textAt(row, 'promptId') !== promptId)

const isInterruption = (row: JsonObject): boolean =>
  row.type === 'user' &&
  isObject(row.message) &&
  blocksOf(row.message).some(
    (block) => textAt(block, 'text')?.startsWith('[Request interrupted by user') === true,
  )

function failureOf(row: JsonObject, message: JsonObject) {
  const text = blocksOf(message)
    .map((block) => textAt(block, 'text') ?? '')
    .join('')
  if (row.isApiErrorMessage === true)
    return { why: 'agent_error', detail: oneLine(text) || 'its model failed' } as const
  const { stop_reason: reason } = message
  if (reason === 'refusal' || reason === 'max_tokens')
    return { why: reason, detail: `it stopped: ${reason}` } as const
  return undefined
}

function blocksOf({ content }: JsonObject): readonly JsonObject[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return Array.isArray(content) ? content.filter((block: Json) => isObject(block)) : []
}

function outcomeOf(
  failure: { readonly why: TurnFailure; readonly detail: string } | undefined,
  text: string,
  toolCalls: number,
): Outcome {
  const answer = text === '' || failure?.why === 'agent_error' ? {} : { answer: text }
  if (failure) return { kind: 'turn_failed', ...failure, ...answer }
  if (text === '' && toolCalls === 0)
    return { kind: 'turn_failed', why: 'empty', detail: 'it ended its turn without a word or a tool call' }
  return { kind: 'completed', ...answer, toolCalls }
}
