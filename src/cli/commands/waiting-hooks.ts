import { parseSessionId, type Session } from '../../domain/session.ts'
import type { HookTarget, LocalHome } from '../context.ts'
import { bad, type Finding, note } from './doctor/findings.ts'

/** Hooks whose messages are stored and then only wait: no session takes them, or an inbox that nobody fetches from. */
export async function waitingHooks(
  home: LocalHome,
  targets: readonly HookTarget[],
): Promise<readonly Finding[]> {
  return (await Promise.all(targets.map((target) => findingsOf(home, target)))).flat()
}

async function findingsOf(home: LocalHome, target: HookTarget): Promise<readonly Finding[]> {
  const { name, session: id } = target
  const session = await home.store.findSession(parseSessionId(id))
  if (session && session.state !== 'ended') return inboxFindings(home, target, session)
  const state = session ? 'has ended' : 'does not exist'
  return [
    bad(
      `"${name}" delivers to "${id}", which ${state}: its messages wait until that is opened`,
      `postern session add ${id} --driver …, or postern run --session ${id} -- …`,
    ),
  ]
}

async function inboxFindings(
  { store, drivers }: LocalHome,
  { name, turns, builtIn }: HookTarget,
  session: Session,
): Promise<readonly Finding[]> {
  if (!turns || (await drivers()).get(session.driver)?.delivery !== 'pull') return []
  const { id } = session
  const of = (state: 'PENDING' | 'DELIVERED') => store.listDeliveries({ session: id, state, limit: 1 })
  if ((await of('DELIVERED')).length > 0) return []
  // The built-in hooks are there unasked: only what waits shows that one of them is used.
  if (builtIn && (await of('PENDING')).length === 0) return []
  return [
    note(
      `"${name}" delivers to "${id}", an inbox that nobody has fetched from yet`,
      `postern inbox --session ${id}, or give the name to an agent: postern session add ${id} --driver …; or name its session in the configuration`,
    ),
  ]
}
