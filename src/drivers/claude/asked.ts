import { questionIn } from '../agents/tool-call.ts'
import { isObject, type Json, type JsonObject, readRows, textAt } from '../json.ts'
import type { Entry } from './registry.ts'
import { transcriptEnd } from './transcript.ts'

/** Longest part of a transcript in which the call that waits for permission is looked for. Bytes. */
const tailBytes = 262_144

/**
 * What a Claude Code that waits asks of its person: the registry only names the kind of dialog, its transcript the call that
 * has no result yet.
 */
export async function askedBy(configDir: string, { waitingFor, sessionId }: Entry): Promise<string> {
  if (waitingFor === undefined) return 'a person at its dialog'
  if (!/^permission\b/i.test(waitingFor)) return waitingFor
  const call = openCall(readRows(await transcriptEnd(configDir, sessionId, tailBytes)))
  if (call === undefined) return 'permission'
  return questionIn(textAt(call, 'name') ?? '', call.input) ?? `permission: ${nameOf(call)}`
}

/** The last tool call without a result. */
function openCall(rows: readonly JsonObject[]): JsonObject | undefined {
  const blocks = rows.flatMap(({ message }) => (isObject(message) ? blocksOf(message.content) : []))
  const done = new Set(blocks.map((block) => textAt(block, 'tool_use_id')))
  return blocks.findLast((block) => block.type === 'tool_use' && !done.has(textAt(block, 'id')))
}

const blocksOf = (content: Json | undefined): readonly JsonObject[] =>
  Array.isArray(content) ? content.filter(isObject) : []

/** `Bash(npm test)` */
function nameOf({ name, input }: JsonObject): string {
  const tool = typeof name === 'string' ? name : 'a tool'
  const what = ['command', 'file_path', 'url', 'path'].map((key) => textAt(input, key)).find((text) => text)
  return what === undefined ? tool : `${tool}(${what})`
}
