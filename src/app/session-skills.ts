import type { Connection } from '../domain/driver.ts'
import type { Session } from '../domain/session.ts'
import { skillsInReach } from '../drivers/agents/skills.ts'

interface SkillPlaces {
  /** Where an agent without a directory of its own runs. */
  readonly root: string
  /** The user's own directory, where agents keep their skills. */
  readonly userHome: string
  /** `skills.dirs` of the configuration. */
  readonly dirs: readonly string[]
}

const timeoutMs = 3000

/** The skills of a session's agent: its own answer counts first, then the folders of skills. */
export async function sessionSkills(
  { root, userHome, dirs }: SkillPlaces,
  connection: Pick<Connection, 'skills'> | undefined,
  { settings }: Session,
): Promise<readonly string[]> {
  const known = await connection?.skills(AbortSignal.timeout(timeoutMs))
  const cwd = typeof settings.cwd === 'string' ? settings.cwd : root
  return skillsInReach(known, { agent: undefined, cwd, home: userHome, dirs })
}

/** The same in a running server or host. */
export const createSkills =
  (
    deps: Pick<SkillPlaces, 'userHome'> & {
      readonly home: { readonly root: string }
      readonly config: () => { readonly skills: { readonly dirs: readonly string[] } }
    },
    connect: (session: Session) => Pick<Connection, 'skills'> | undefined,
  ) =>
  (session: Session): Promise<readonly string[]> => {
    const places = { root: deps.home.root, userHome: deps.userHome, dirs: deps.config().skills.dirs }
    return sessionSkills(places, connect(session), session)
  }
