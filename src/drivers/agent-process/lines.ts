import { isObject, type Json, type JsonObject } from '../json.ts'

/** One line holds at most a tool's whole output. A longer one is passed over. UTF-16 units. */
const maxLine = 33_554_432

/** Cuts what comes in pieces into lines, at LF only. */
export function splitLines(each: (line: string) => void): (text: string) => void {
  let parts: string[] = []
  let length = 0
  return (text) => {
    const [first = '', ...rest] = text.split('\n')
    length += first.length
    if (length <= maxLine) parts.push(first)
    for (const next of rest) {
      if (length <= maxLine) each(parts.join(''))
      parts = [next]
      length = next.length
    }
  }
}

/** Undefined for greetings and debug output of agents that share their standard output with their libraries. */
export function parseLine(line: string): JsonObject | undefined {
  if (!line.trimStart().startsWith('{')) return undefined
  try {
    const value = JSON.parse(line) as Json
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
