import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type Json, type JsonObject, readRows, textAt } from '../json.ts'

const tailBytes = 524_288

/**
 * The model's last message since a person's, from the file in which Gemini CLI records a chat. The `AfterAgent`
 * hook is given the same text with spaces and repetitions between the pieces of the stream.
 */
export function lastAnswerIn(path: unknown): string | undefined {
  if (typeof path !== 'string') return undefined
  const last = readRows(tailOf(path)).findLast((record) => isPerson(record) || isAnswer(record))
  return last && isAnswer(last) ? textAt(last, 'content') : undefined
}

const isAnswer = (record: JsonObject): boolean =>
  record.type === 'gemini' && (textAt(record, 'content') ?? '') !== ''

/** A tool's result is recorded with type `user` as well, without a text. */
const isPerson = ({ type, content }: JsonObject): boolean =>
  type === 'user' &&
  (!Array.isArray(content) || content.some((part: Json) => textAt(part, 'text') !== undefined))

function tailOf(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      const bytes = Buffer.alloc(Math.min(size, tailBytes))
      readSync(file, bytes, 0, bytes.length, size - bytes.length)
      return bytes.toString('utf8')
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}
