import { isDeepStrictEqual } from 'node:util'
import type { Verdict, WaitingCall } from '../../domain/decision.ts'
import { pause } from '../../wait.ts'
import { type Json, type JsonObject, readRows, textAt } from '../json.ts'
import { blocksIn, openCalls, tailBytes } from './open-calls.ts'
import { endOfFile } from './transcript.ts'

/**
 * The call in the transcript that a permission hook is asked about; the hook is told its tool and input, not its id. Undefined
 * where several are alike, or the transcript does not show it.
 */
export async function waitingCall(given: JsonObject): Promise<WaitingCall | undefined> {
  const record = textAt(given, 'transcript_path')
  if (record === undefined) return undefined
  const open = openCalls(await rowsAt(record)).flatMap((call) => {
    const id = textAt(call, 'id')
    const same = call.name === given.tool_name && isDeepStrictEqual(call.input, given.tool_input)
    return id !== undefined && same ? [id] : []
  })
  const [id, ...others] = new Set(open)
  return id === undefined || others.length > 0 ? undefined : { record, id }
}

const lookMs = 50

/**
 * Whether a hook's answer counted: Claude Code notes a hook's decision beside the call, and notes none where its dialog was answered first.
 * Undefined when `signal` aborts before the transcript tells (seen in 2.1.332).
 */
export async function answerCounted(
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
