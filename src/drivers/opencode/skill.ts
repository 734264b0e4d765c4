import { homedir } from 'node:os'
import { dirname, isAbsolute } from 'node:path'
import type { Outgoing } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { listSkills, type SkillPlace, withSkill } from '../agents/skills.ts'
import { isObject, type JsonObject, textAt } from '../json.ts'
import type { Reply } from './api.ts'
import { locate, type Place } from './conversation.ts'
import { placeQuery } from './readiness.ts'
import type { Wire } from './session-state.ts'

/**
 * The message behind the text of its skill, just as opencode itself would put it. Its own call for that runs shell
 * commands and reads files that are named in the arguments, and those are an outsider's. Undefined when there is no such
 * skill.
 */
export async function textWithSkill(
  wire: Wire,
  place: Place,
  { skill, text }: Outgoing,
  signal: AbortSignal,
): Promise<string | Outcome | undefined> {
  if (skill === undefined) return text
  const reply = await wire.api.get('/skill', placeQuery(place), signal)
  if (reply.kind === 'away' || reply.kind === 'broken') return { kind: 'offline', why: reply.why }
  const told = skillsIn(reply).find(({ name }) => name === skill)
  return told ? behind(told, text) : withSkill(folders(wire, place), skill, text)
}

/** What the agent says it knows, and what the configuration adds. Undefined when nobody is there to ask. */
export async function skillsOf(wire: Wire, signal: AbortSignal): Promise<readonly string[] | undefined> {
  const located = await locate(wire, signal)
  const place = located.kind === 'place' ? located.place : undefined
  const reply = await wire.api.get('/skill', place ? placeQuery(place) : {}, signal)
  if (reply.kind !== 'done') return undefined
  const told = skillsIn(reply).map((skill) => textAt(skill, 'name') ?? '')
  return [...new Set([...told, ...(await listSkills(folders(wire, place)))])].sort()
}

const skillsIn = (reply: Reply): readonly JsonObject[] =>
  reply.kind === 'done' && Array.isArray(reply.body) ? reply.body.filter(isObject) : []

function behind(skill: JsonObject, text: string): string {
  const content = (textAt(skill, 'content') ?? '').trim()
  const location = textAt(skill, 'location') ?? ''
  const folder = isAbsolute(location) ? [`Base directory for this skill: ${dirname(location)}`] : []
  return [content, ...folder, text].join('\n\n')
}

const folders = ({ deps }: Wire, place: Place | undefined): SkillPlace => {
  const home = deps.env.HOME ?? homedir()
  return { agent: undefined, cwd: place?.directory ?? home, home, dirs: deps.skillDirs() }
}
