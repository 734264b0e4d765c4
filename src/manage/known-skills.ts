import type { Connection } from '../domain/driver.ts'
import type { Session } from '../domain/session.ts'

interface KnownSkillsDeps {
  readonly connect: (session: Session) => Pick<Connection, 'skills'> | undefined
  /** Milliseconds of a clock that does not jump. */
  readonly elapsed: () => number
}

interface Asked {
  readonly at: number
  readonly skills: Promise<readonly string[]>
}

const [freshMs, askMs, mostAsked] = [60_000, 1500, 256]

/** What the agent of a session can activate, asked once a minute for all who look; empty where it does not say. Never rejects. */
export function createKnownSkills({ connect, elapsed }: KnownSkillsDeps) {
  const asked = new Map<string, Asked>()
  const ask = async (session: Session): Promise<readonly string[]> =>
    (await connect(session)?.skills(AbortSignal.timeout(askMs))) ?? []
  return (session: Session): Promise<readonly string[]> => {
    if (session.state === 'ended') return Promise.resolve([])
    const key = `${session.id} ${session.generation}`
    const known = asked.get(key)
    if (known && elapsed() - known.at < freshMs) return known.skills
    const skills = ask(session).catch(() => [])
    if (asked.size >= mostAsked) asked.clear()
    asked.set(key, { at: elapsed(), skills })
    return skills
  }
}
