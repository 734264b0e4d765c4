import { Failure } from '../domain/error.ts'
import type { Admission } from '../domain/knock.ts'
import type { DoorStore } from '../domain/ports.ts'
import { parseSessionId, requireOpen, type Session } from '../domain/session.ts'
import type { InboundConfig } from './config.ts'
import type { Rendered } from './message.ts'

export interface TargetDeps {
  readonly store: Pick<DoorStore, 'findSession'>
  readonly config: () => Pick<InboundConfig, 'sessions'>
  /** Whether the session's agent has that skill. */
  readonly hasSkill: (session: Session, skill: string) => Promise<boolean>
}

/** The session a body names instead of the one its proof opens. Throws `session_not_allowed` and the session failures. */
export function chooseSession(
  deps: TargetDeps,
  admission: Admission,
  wanted: string | undefined,
): Session | Promise<Session> {
  return wanted === undefined || wanted === admission.session.id ? admission.session : named(deps, wanted)
}

async function named(deps: TargetDeps, wanted: string): Promise<Session> {
  if (!mayName(deps.config(), wanted))
    throw new Failure('session_not_allowed', 'This hook may not name that session. See sessions.allow.')
  return requireOpen(await deps.store.findSession(parseSessionId(wanted)), wanted)
}

const mayName = ({ sessions: { agent, allow } }: Pick<InboundConfig, 'sessions'>, session: string): boolean =>
  session === agent || allow.includes('*') || allow.includes(session)

/** Agents report no missing skill: it is looked for first, and without it the delivery is recorded as failed. */
export const checkSkill = (
  deps: TargetDeps,
  session: Session,
  rendered: Rendered,
): Rendered | Promise<Rendered> =>
  rendered.skill === undefined || rendered.failed
    ? rendered
    : lookedUp(deps, session, rendered, rendered.skill)

async function lookedUp(
  deps: TargetDeps,
  session: Session,
  rendered: Rendered,
  skill: string,
): Promise<Rendered> {
  if (await deps.hasSkill(session, skill)) return rendered
  return {
    ...rendered,
    failed: { step: 'skill', detail: `the agent of "${session.id}" has no skill "${skill}"` },
  }
}
