import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const tailBytes = 524_288

/**
 * The last thing the model said since a person spoke, from Gemini CLI's record of a chat. Its hook is told the same with
 * spaces and repetitions between the pieces of a stream.
 */
export function lastAnswerIn(path: unknown): string | undefined {
  if (typeof path !== 'string') return undefined
  const records = tailOf(path).split('\n').reverse().flatMap(parsed)
  const last = records.find((record) => isPerson(record) || isAnswer(record))
  return last && isAnswer(last) ? last.content : undefined
}

interface Chat {
  readonly type?: unknown
  readonly content?: unknown
}

const isAnswer = (record: Chat): record is { readonly content: string } =>
  record.type === 'gemini' && typeof record.content === 'string' && record.content !== ''

/** What tools answered is noted as a user's record as well. */
const isPerson = ({ type, content }: Chat): boolean =>
  type === 'user' && (!Array.isArray(content) || content.some((part) => typeof part?.text === 'string'))

function parsed(line: string): readonly Chat[] {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? [value] : []
  } catch {
    return []
  }
}

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
