import { randomInt } from 'node:crypto'
import { base62 } from '../../domain/digits.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'

/** One message of a conversation, as far as it matters here. */
export interface Message {
  readonly id: string
  readonly role: string
  readonly parentId: string | undefined
  /** The agent will not add to it. */
  readonly over: boolean
  readonly finish: string | undefined
  readonly error: JsonObject | undefined
  /** What a client wrote, without what the agent added on its own account. */
  readonly texts: readonly string[]
  readonly toolCalls: number
  /** False while only its id is written and no part yet. */
  readonly whole: boolean
}

/** In order of time. */
export const messagesIn = (body: Json | undefined): readonly Message[] =>
  (Array.isArray(body) ? body : []).map(messageOf).filter((message) => message !== undefined)

export function messageOf(value: Json | undefined): Message | undefined {
  const info = isObject(value) ? value.info : undefined
  const id = textAt(info, 'id')
  if (!isObject(value) || !isObject(info) || id === undefined) return undefined
  const parts = (Array.isArray(value.parts) ? value.parts : []).filter(isObject)
  const error = isObject(info.error) ? info.error : undefined
  const time = isObject(info.time) ? info.time : {}
  return {
    id,
    role: textAt(info, 'role') ?? '',
    parentId: textAt(info, 'parentID'),
    over: error !== undefined || typeof time.completed === 'number',
    finish: textAt(info, 'finish'),
    error,
    texts: parts.filter(isWritten).map((part) => textAt(part, 'text') ?? ''),
    toolCalls: parts.filter(({ type }) => type === 'tool').length,
    whole: parts.length > 0,
  }
}

const isWritten = ({ type, synthetic, ignored }: JsonObject): boolean =>
  type === 'text' && synthetic !== true && ignored !== true

/**
 * What came after a message, up to the next one that a client wrote: the agent goes on by messages of its own, as
 * after it made room. Undefined when the message is not among them.
 */
export function reactionTo(id: string, all: readonly Message[]): Reaction | undefined {
  const start = all.findIndex((message) => message.id === id)
  if (start < 0) return undefined
  const later = all.slice(start + 1)
  const next = later.findIndex(({ role, texts }) => role === 'user' && texts.length > 0)
  const own = next < 0 ? later : later.slice(0, next)
  const after = next < 0 ? [] : later.slice(next)
  return {
    answers: own.filter(({ role }) => role === 'assistant'),
    overtaken: after.some(({ role, parentId }) => role === 'assistant' && parentId === after[0]?.id),
  }
}

export interface Reaction {
  readonly answers: readonly Message[]
  /** The agent has turned to a later message. */
  readonly overtaken: boolean
}

/** An id as opencode makes them: they sort by time. `now` is Unix milliseconds. */
export function newMessageId(now: number): string {
  const time = (BigInt(now) * 0x1000n) & 0xffff_ffff_ffffn
  const chance = Array.from({ length: 14 }, () => base62.charAt(randomInt(base62.length))).join('')
  return `msg_${time.toString(16).padStart(12, '0')}${chance}`
}
