import { isObject, type JsonObject, textAt } from '../json.ts'

/** How much of a transcript's end is looked through for the call that waits for permission. Bytes. */
export const tailBytes = 262_144

/** Calls of tools that have no result yet, in the rows of a transcript. */
export function openCalls(rows: readonly JsonObject[]): readonly JsonObject[] {
  const blocks = blocksIn(rows)
  const done = new Set(blocks.map((block) => textAt(block, 'tool_use_id')))
  return blocks.filter((block) => block.type === 'tool_use' && !done.has(textAt(block, 'id')))
}

/** Every part of every message. */
export const blocksIn = (rows: readonly JsonObject[]): readonly JsonObject[] =>
  rows.flatMap(({ message }) => {
    const content = isObject(message) ? message.content : undefined
    return Array.isArray(content) ? content.filter(isObject) : []
  })
