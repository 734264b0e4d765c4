import type { Connection, Readiness } from '../domain/driver.ts'
import { reasonOf } from '../domain/error.ts'
import type { Session } from '../domain/session.ts'

/** The result of trying a session without sending it a message. */
export interface Trial {
  readonly works: boolean
  readonly readiness: Readiness
  /** What its agent can activate; undefined when it does not report that, or there was no trial. */
  readonly skills?: readonly string[]
}

const askMs = 60_000
const skillsMs = 15_000

/** Reaches the agent as a message would, then lets go. A person in the way is no failure: messages wait for that. */
export async function tryOut(connection: Connection, signal: AbortSignal): Promise<Trial> {
  try {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(askMs)])
    const readiness = await (connection.check?.(patience) ?? connection.state(patience))
    const works = !['offline', 'ended', 'missing'].includes(readiness.kind)
    if (!works) {
      // Nothing of the trial may stay, not even the journal of a process that died.
      await connection.end()
      return { works, readiness }
    }
    const skills = await connection.skills(AbortSignal.any([signal, AbortSignal.timeout(skillsMs)]))
    return { works, readiness, ...(skills && { skills }) }
  } catch (thrown) {
    return { works: false, readiness: { kind: 'offline', why: reasonOf(thrown) } }
  } finally {
    await connection.close()
  }
}

const stateTimeoutMs = 4000

/** How the agent of a session is now; undefined when this build cannot reach it. Never throws. */
export async function readinessOf(
  connect: (session: Session) => Promise<Connection | undefined>,
  session: Session,
): Promise<Readiness | undefined> {
  try {
    const connection = await connect(session)
    if (!connection) return undefined
    try {
      return await connection.state(AbortSignal.timeout(stateTimeoutMs))
    } finally {
      await connection.close()
    }
  } catch (thrown) {
    return { kind: 'offline', why: reasonOf(thrown) }
  }
}

/** Why it is so, for people. */
export const whyOf = (readiness: Readiness): string | undefined =>
  'why' in readiness ? readiness.why : undefined

/** The trial as programs see it. */
export const trialView = ({ works, readiness, skills }: Trial) => ({
  works,
  state: readiness.kind,
  why: whyOf(readiness) ?? null,
  skills: skills ?? null,
})

/** The trial in sentences. */
export function trialText({ works, readiness, skills }: Trial): string {
  const why = whyOf(readiness)
  const state = `It is ${readiness.kind}${why === undefined ? '' : `: ${why}`}.`
  if (!works) return state
  const known = skills === undefined ? 'unknown' : skills.join(', ') || 'none'
  return `${state} Skills: ${known}.`
}

/** Of a trial that failed. */
export const unfitText = (trial: Trial): string =>
  `It does not work, so nothing was registered. ${trialText(trial)}`
