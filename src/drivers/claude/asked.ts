import { questionIn } from '../agents/tool-call.ts'
import { type JsonObject, readRows, textAt } from '../json.ts'
import { openCalls, tailBytes } from './open-calls.ts'
import type { Entry } from './registry.ts'
import { transcriptEnd } from './transcript.ts'

/**
 * What a Claude Code that waits asks of its person: the registry only names the kind of dialog, its transcript the call that
 * has no result yet.
 */
export async function askedBy(configDir: string, { waitingFor, sessionId }: Entry): Promise<string> {
  if (waitingFor === undefined) return 'a person at its dialog'
  if (!/^permission\b/i.test(waitingFor)) return waitingFor
  const call = openCalls(readRows(await transcriptEnd(configDir, sessionId, tailBytes))).at(-1)
  if (call === undefined) return 'permission'
  return questionIn(textAt(call, 'name') ?? '', call.input) ?? `permission: ${nameOf(call)}`
}

/** `Bash(npm test)` */
function nameOf({ name, input }: JsonObject): string {
  const tool = typeof name === 'string' ? name : 'a tool'
  const what = ['command', 'file_path', 'url', 'path'].map((key) => textAt(input, key)).find((text) => text)
  return what === undefined ? tool : `${tool}(${what})`
}
