import type { Hook } from '../../../domain/hook.ts'
import { nearest } from '../../../domain/nearest.ts'
import { isClosed, parseSessionId, runsAt } from '../../../domain/session.ts'
import type { LocalHome } from '../../context.ts'
import { type Finding, note } from './findings.ts'

/** Hooks that name a skill which lies in no folder of skills: unless the agent has it built in, each of their messages fails. */
export async function missingSkills(home: LocalHome, hooks: readonly Hook[]): Promise<readonly Finding[]> {
  const found = await Promise.all(hooks.filter(({ active }) => active).map((hook) => missingOf(home, hook)))
  return found.filter((finding) => finding !== undefined)
}

async function missingOf(home: LocalHome, { name, skill, session: id }: Hook): Promise<Finding | undefined> {
  if (skill === undefined || id === undefined) return undefined
  const session = await home.store.findSession(parseSessionId(id))
  // That there is none is another finding, and the folders of another machine cannot be seen.
  if (!session || isClosed(session) || !runsAt(session, home.host)) return undefined
  const known = await home.skills(session)
  if (known.includes(skill)) return undefined
  const near = nearest(skill, known)
  return note(
    `"${name}" asks for the skill "${skill}", which lies in no folder of skills of "${id}": unless its agent has it, each message fails`,
    near === undefined
      ? `put a folder "${skill}" with a SKILL.md where that agent looks for skills, or into a folder of skills.dirs`
      : `"skill": "${near}" in the configuration, if that is meant`,
  )
}
