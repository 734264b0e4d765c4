import { Failure } from '../domain/error.ts'
import type { Admission } from '../domain/knock.ts'
import type { Store } from '../domain/ports.ts'
import { parseSessionId, requireOpen, type Session } from '../domain/session.ts'
import type { Rendered } from './message.ts'

/** Whether a body may name a session, and whether that session's agent has a skill. */
export interface TargetDeps {
  readonly store: Pick<Store, 'findSession'>
  readonly mayName: (session: string) => boolean
  readonly hasSkill: (session: Session, skill: string) => Promise<boolean>
}

/** The session a body asks for instead of its door's own. Throws `session_not_allowed` and the session failures. */
export function chooseSession(
  deps: TargetDeps,
  admission: Admission,
  wanted: string | undefined,
): Session | Promise<Session> {
  return wanted === undefined || wanted === admission.session.id ? admission.session : named(deps, wanted)
}

async function named(deps: TargetDeps, wanted: string): Promise<Session> {
  if (!deps.mayName(wanted))
    throw new Failure('session_not_allowed', `This hook may not speak to "${wanted}". See sessions.allow.`)
  return requireOpen(await deps.store.findSession(parseSessionId(wanted)), wanted)
}

/** A missing skill is never an error in the agents, so it is looked for first: absent, the delivery fails visibly. */
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
