import { parseSessionId, type Session } from '../../domain/session.ts'
import type { HookTarget, LocalHome } from '../context.ts'
import { bad, type Finding, note } from './doctor/findings.ts'

/**
 * Hooks whose messages are stored and then only wait: no session takes them, or an inbox that nobody fetches from. One
 * finding a cause, however many hooks it concerns.
 */
export async function waitingHooks(
  home: LocalHome,
  targets: readonly HookTarget[],
): Promise<readonly Finding[]> {
  const causes = await Promise.all(targets.map((target) => causeOf(home, target)))
  const found = targets.flatMap(({ name }, index) => {
    const cause = causes[index]
    return cause ? [{ name, ...cause }] : []
  })
  return [...Map.groupBy(found, ({ what }) => what).values()].flatMap((group) => {
    const [first] = group
    const names = group.map(({ name }) => name)
    return first ? [first.finding(`${delivering(names)} to ${first.what}`, first.fix)] : []
  })
}

interface Cause {
  readonly finding: typeof bad
  readonly what: string
  readonly fix: string
}

/** `"a", "b" and 3 more deliver` */
function delivering(names: readonly string[]): string {
  const [only = '', ...others] = names.slice(0, 3).map((name) => `"${name}"`)
  if (names.length === 1) return `${only} delivers`
  const last = names.length > 3 ? `${names.length - 3} more` : others.pop()
  return `${[only, ...others].join(', ')} and ${last} deliver`
}

async function causeOf(home: LocalHome, target: HookTarget): Promise<Cause | undefined> {
  const { session: id } = target
  const session = await home.store.findSession(parseSessionId(id))
  if (session && session.state !== 'ended') return inboxCause(home, target, session)
  const state = session ? 'has ended' : 'does not exist'
  return {
    finding: bad,
    what: `"${id}", which ${state}: messages wait until that is opened`,
    fix: `postern session add ${id} --driver …, or postern run --session ${id} -- …`,
  }
}

async function inboxCause(
  { store, drivers }: LocalHome,
  { turns, builtIn }: HookTarget,
  session: Session,
): Promise<Cause | undefined> {
  if (!turns || (await drivers()).get(session.driver)?.delivery !== 'pull') return undefined
  const { id } = session
  const of = (state: 'PENDING' | 'DELIVERED') => store.listDeliveries({ session: id, state, limit: 1 })
  if ((await of('DELIVERED')).length > 0) return undefined
  // The built-in hooks are there unasked: only what waits shows that one of them is used.
  if (builtIn && (await of('PENDING')).length === 0) return undefined
  return {
    finding: note,
    what: `"${id}", an inbox that nobody has fetched from yet`,
    fix: `postern inbox --session ${id}, or give the name to an agent: postern session add ${id} --driver …; or name its session in the configuration`,
  }
}
