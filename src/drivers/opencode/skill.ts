import { dirname, isAbsolute } from 'node:path'
import type { Outgoing } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { listSkills, type SkillPlace, skillPlace, withSkill } from '../agents/skills.ts'
import { isObject, type JsonObject, textAt } from '../json.ts'
import type { Reply } from './api.ts'
import { type Conversation, directoryOf, locate } from './conversation.ts'
import type { Opening } from './opening.ts'

/**
 * The message behind the text of its skill, just as opencode itself would put it. Its own call for that runs shell
 * commands and reads files that are named in the arguments, and those are an outsider's. Undefined when there is no
 * such skill.
 */
export async function textWithSkill(
  opening: Opening,
  conversation: Conversation,
  { skill, text }: Outgoing,
  signal: AbortSignal,
): Promise<string | Outcome | undefined> {
  if (skill === undefined) return text
  const reply = await opening.api.get('/skill', directoryOf(conversation), signal)
  if (reply.kind === 'away' || reply.kind === 'broken') return { kind: 'offline', why: reply.why }
  const known = skillsIn(reply).find(({ name }) => name === skill)
  return known ? behind(known, text) : withSkill(folders(opening, conversation), skill, text)
}

/** The skills that the server lists, and those of the configuration. Undefined when the server does not answer. */
export async function skillsOf(
  opening: Opening,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const located = await locate(opening, signal)
  const conversation = located.kind === 'place' ? located.conversation : undefined
  const reply = await opening.api.get('/skill', conversation ? directoryOf(conversation) : {}, signal)
  if (reply.kind !== 'done') return undefined
  const known = skillsIn(reply).map((skill) => textAt(skill, 'name') ?? '')
  return [...new Set([...known, ...(await listSkills(folders(opening, conversation)))])].sort()
}

const skillsIn = (reply: Reply): readonly JsonObject[] =>
  reply.kind === 'done' && Array.isArray(reply.body) ? reply.body.filter(isObject) : []

function behind(skill: JsonObject, text: string): string {
  const content = (textAt(skill, 'content') ?? '').trim()
  const location = textAt(skill, 'location') ?? ''
  const folder = isAbsolute(location) ? [`Base directory for this skill: ${dirname(location)}`] : []
  return [content, ...folder, text].join('\n\n')
}

const folders = ({ deps }: Opening, conversation: Conversation | undefined): SkillPlace =>
  skillPlace(deps, undefined, conversation?.directory)
