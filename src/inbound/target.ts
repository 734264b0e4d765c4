import { Failure } from '../domain/error.ts'
import type { Admission } from '../domain/knock.ts'
import { nearest } from '../domain/nearest.ts'
import type { DoorStore } from '../domain/ports.ts'
import { type Address, isClosed, type Session } from '../domain/session.ts'
import { addressOf } from './authenticate-webhook.ts'
import type { InboundConfig } from './config.ts'
import type { Rendered } from './message.ts'

export interface TargetDeps {
  readonly store: Pick<DoorStore, 'findSession'>
  readonly config: () => Pick<InboundConfig, 'sessions'>
  /** The skills of the session's agent; undefined where nobody can tell now. */
  readonly skills: (session: Session) => Promise<readonly string[] | undefined>
}

/** The session a body names instead of the one its proof opens. Throws `session_not_allowed`. */
export function chooseSession(
  deps: TargetDeps,
  admission: Admission,
  wanted: string,
): Address | Promise<Address> {
  return wanted === admission.session.id ? admission.session : named(deps, wanted)
}

async function named(deps: TargetDeps, wanted: string): Promise<Address> {
  if (!mayName(deps.config(), wanted))
    throw new Failure('session_not_allowed', 'This hook may not name that session. See sessions.allow.')
  return addressOf(deps.store, wanted)
}

const mayName = ({ sessions: { agent, allow } }: Pick<InboundConfig, 'sessions'>, session: string): boolean =>
  session === agent || allow.includes('*') || allow.includes(session)

/**
 * Agents report no missing skill: it is looked for first, and without it the delivery is recorded as failed. Where there is
 * no agent to ask, its turn will tell.
 */
export const checkSkill = (
  deps: TargetDeps,
  session: Address,
  rendered: Rendered,
  skill: string,
): Rendered | Promise<Rendered> =>
  rendered.failed || isClosed(session) ? rendered : lookedUp(deps, session, rendered, skill)

async function lookedUp(
  deps: TargetDeps,
  session: Session,
  rendered: Rendered,
  skill: string,
): Promise<Rendered> {
  const known = await deps.skills(session)
  if (!known || known.includes(skill)) return rendered
  // Another door may have opened it anew just now, with another agent.
  const newest = await deps.store.findSession(session.id, 'anew')
  if (newest && newest.generation !== session.generation) return checkSkill(deps, newest, rendered, skill)
  const near = nearest(skill, known)
  const hint = near === undefined ? '' : `; did you mean "${near}"?`
  return {
    ...rendered,
    failed: { step: 'skill', detail: `the agent of "${session.id}" has no skill "${skill}"${hint}` },
  }
}
