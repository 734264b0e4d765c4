import { isDeepStrictEqual } from 'node:util'
import type { Verdict, WaitingCall } from '../../domain/decision.ts'
import { pause } from '../../wait.ts'
import { isObject, type Json, type JsonObject, readRows, textAt } from '../json.ts'
import { endOfFile } from './transcript.ts'

/** How much of a transcript's end is read. Bytes. */
const tailBytes = 262_144

/**
 * The call in the transcript that a permission hook is asked about; the hook is told its tool and input, not its id. Undefined
 * where several are alike, or the transcript does not show it.
 */
export async function waitingCall(given: JsonObject): Promise<WaitingCall | undefined> {
  const record = textAt(given, 'transcript_path')
  if (record === undefined) return undefined
  const blocks = blocksIn(await rowsAt(record))
  const done = new Set(blocks.map((block) => textAt(block, 'tool_use_id')))
  const open = blocks.flatMap((block) => {
    const id = block.type === 'tool_use' ? textAt(block, 'id') : undefined
    const same = block.name === given.tool_name && isDeepStrictEqual(block.input, given.tool_input)
    return id !== undefined && same && !done.has(id) ? [id] : []
  })
  const [id, ...others] = new Set(open)
  return id === undefined || others.length > 0 ? undefined : { record, id }
}

const lookMs = 50

/**
 * Whether a hook's word counted: Claude Code notes a hook's decision beside the call, and notes none where its dialog was answered first.
 * Undefined when `signal` aborts before the transcript tells (seen in 2.1.332).
 */
export async function wordCounted(
  { record, id }: WaitingCall,
  verdict: Verdict,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  while (!signal.aborted) {
    const rows = await rowsAt(record)
    const noted = rows.map(({ attachment }) => attachment).find((note) => isDecisionOn(id, note))
    if (noted !== undefined) return textAt(noted, 'decision') === verdict
    if (blocksIn(rows).some((block) => block.tool_use_id === id)) return false
    await pause(lookMs, signal)
  }
  return undefined
}

const isDecisionOn = (id: string, note: Json | undefined): boolean =>
  textAt(note, 'type') === 'hook_permission_decision' && textAt(note, 'toolUseID') === id

const rowsAt = async (record: string): Promise<readonly JsonObject[]> =>
  readRows(await endOfFile(record, tailBytes).catch(() => ''))

const blocksIn = (rows: readonly JsonObject[]): readonly JsonObject[] =>
  rows.flatMap(({ message }) => {
    const content = isObject(message) ? message.content : undefined
    return Array.isArray(content) ? content.filter(isObject) : []
  })
