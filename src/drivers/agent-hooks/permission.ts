import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { HookPermission, Verdict } from '../../domain/decision.ts'
import { questionIn, titleOfCall } from '../agents/tool-call.ts'
import { liveEntries, readEntry } from '../claude/registry.ts'
import { waitingCall } from '../claude/waiting-call.ts'
import { isObject, type JsonObject, parseJson, textAt } from '../json.ts'
import { identify } from '../process/process.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Undefined for an event that is no permission, and for a question that no yes or no answers. */
export async function permissionAsked(
  agent: string,
  payload: string,
  env: Env,
): Promise<HookPermission | undefined> {
  const given = parseJson(payload)
  if (!isObject(given) || given.hook_event_name !== 'PermissionRequest') return undefined
  const tool = textAt(given, 'tool_name') ?? 'a tool'
  const me = await identify(process.pid)
  if (questionIn(tool, given.tool_input) !== undefined || !me) return undefined
  return {
    request: {
      // Two calls of a turn may be alike, and the agent gives them no name.
      id: randomUUID(),
      kind: 'permission',
      title: titleOfCall(tool, isObject(given.tool_input) ? given.tool_input : {}),
      detail: JSON.stringify(aboutCall(given), null, 2),
    },
    asker: `${me.pid} ${me.start}`,
    folder: agent === 'codex' ? textAt(given, 'cwd') : undefined,
    stillAsks: agent === 'claude' ? dialogOf(given, env) : async () => true,
    waitingCall: async () => (agent === 'claude' ? waitingCall(given) : undefined),
    answer: (verdict) => JSON.stringify(outputOf(verdict)),
  }
}

/** All that is asked, the call itself first, without what a dialog would offer beside yes and no. */
const aboutCall = ({
  tool_name: name = null,
  tool_input: input = null,
  session_id: _,
  transcript_path: __,
  hook_event_name: ___,
  permission_suggestions: ____,
  ...about
}: JsonObject): JsonObject => ({ tool_name: name, tool_input: input, ...about })

/** code.claude.com/docs/en/hooks and developers.openai.com/codex/hooks, PermissionRequest: the same for both. */
const outputOf = (verdict: Verdict) => ({
  hookSpecificOutput: {
    hookEventName: 'PermissionRequest',
    decision:
      verdict === 'allow' ? { behavior: 'allow' } : { behavior: 'deny', message: 'The user denied this.' },
  },
})

/** How long after its hook a dialog may show. */
const showsMs = 10_000

/**
 * Claude Code's dialog stands beside its hook. Its registry says `waiting` as long as one is open; without a registry nobody can tell,
 * and a late word is ignored by it.
 */
function dialogOf({ session_id: conversation }: JsonObject, env: Env): () => Promise<boolean> {
  const configDir = env.CLAUDE_CONFIG_DIR || join(env.HOME ?? '', '.claude')
  const began = performance.now()
  let pid: number | undefined
  let shown = false
  return async () => {
    pid ??= (await liveEntries(configDir)).find(({ sessionId }) => sessionId === conversation)?.pid
    const entry = pid === undefined ? undefined : await readEntry(configDir, pid)
    if (!entry) return true
    if (entry.status === 'waiting') shown = true
    return entry.status === 'waiting' || (!shown && performance.now() - began < showsMs)
  }
}
