import type { GivenAnswer, HookPermission } from '../../domain/decision.ts'
import { mayPass } from '../../domain/error.ts'
import type { SessionId } from '../../domain/session.ts'
import { type AgentRequests, createAgentRequests } from '../../manage/agent-requests.ts'
import type { LocalHome } from '../context.ts'

/**
 * Puts a permission that an agent's hook tells of before people, for `withinMs`. Prints their decision, for the agent to read; nothing
 * where nobody decides in time, the session does not say `decisions`, or somebody answered at the agent itself. `confirm` leaves it to
 * another process to find out whether that answer counted: the agent reads it when this one has ended. False where that cannot be.
 */
export async function decideForHook(
  { store, clock, nextLook }: LocalHome,
  sessionId: SessionId,
  permission: HookPermission,
  withinMs: number,
  print: (text: string) => void,
  confirm: (answer: GivenAnswer) => Promise<boolean>,
  stopping: AbortSignal,
): Promise<void> {
  const session = await store.findSession(sessionId)
  if (!session || !isThere(permission.folder, session.settings.cwd)) return
  const { asker, request } = permission
  const requests = createAgentRequests({ store, clock, withinMs: () => withinMs, log: () => {}, asker })
  const asked = requests.toolsFor(session)?.open(request)
  if (!asked) return
  const over = new AbortController()
  const signal = AbortSignal.any([over.signal, stopping])
  let left = false
  const watched = (async () => {
    while (!signal.aborted) {
      await nextLook(signal)
      if (!(await isFollowed(requests))) break
      if (!(await permission.stillAsks())) asked.close('elsewhere', 'somebody answered at the agent')
    }
    if (!left) asked.close('withdrawn', 'the agent asks no more')
  })()
  const decided = await asked.decided
  if (decided && (await permission.stillAsks())) {
    const call = await permission.waitingCall()
    left = call !== undefined && (await confirm({ decision: decided.id, verdict: decided.verdict, call }))
    print(permission.answer(decided.verdict))
    if (left) decided.leave()
    else decided.applied()
  } else decided?.applied('somebody answered at the agent')
  over.abort()
  await watched
  await requests.idle()
}

/** A store or door that cannot be reached now is looked at again. False for one that will not be. */
async function isFollowed({ follow }: Pick<AgentRequests, 'follow'>): Promise<boolean> {
  try {
    await follow()
    return true
  } catch (thrown) {
    return mayPass(thrown)
  }
}

/** The hooks of codex run in a daemon, which may have been started for another session: then its folder tells. */
const isThere = (folder: string | undefined, sessionFolder: unknown): boolean =>
  folder === undefined ||
  typeof sessionFolder !== 'string' ||
  folder === sessionFolder ||
  folder.startsWith(`${sessionFolder}/`)
