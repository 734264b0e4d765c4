import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Outcome } from '../../domain/outcome.ts'
import type { DriverDeps } from '../deps.ts'
import { namesIn } from '../process/files.ts'
import type { AgentKind } from './kinds.ts'

/** Where one agent's skills may lie. */
export interface SkillPlace {
  /** Undefined: any other program, which gets the skill's text itself. */
  readonly agent: AgentKind | undefined
  readonly cwd: string
  readonly home: string
  /** `skills.dirs` of the configuration. */
  readonly dirs: readonly string[]
  /** False where the agent does not obey its own calls, because of the way the message comes in. */
  readonly calls?: false
}

/** For an agent on this machine that runs in `cwd`, else in the home. */
export function skillPlace(
  { env, skillDirs }: DriverDeps,
  agent: AgentKind | undefined,
  cwd?: string,
): SkillPlace {
  const home = env.HOME ?? homedir()
  return { agent, cwd: cwd ?? home, home, dirs: skillDirs() }
}

export const noSkill = (name: string | undefined): Outcome => {
  return { kind: 'failed', why: `it has no skill "${name}"`, retry: false, skill: true }
}

/** The names of all skills in reach, sorted. A skill is a folder with a `SKILL.md` (agentskills.io). */
export async function listSkills(place: SkillPlace): Promise<readonly string[]> {
  const found = await Promise.all([...ownFolders(place), ...place.dirs].map(skillsIn))
  return [...new Set(found.flat())].sort()
}

/** The skills that an agent lists (undefined: it lists none), and those in the folders of `place`. */
export const skillsInReach = async (
  known: readonly string[] | undefined,
  place: SkillPlace,
): Promise<readonly string[]> => [...new Set([...(known ?? []), ...(await listSkills(place))])]

/**
 * The text that makes the agent use a skill for a message: its own call where it will find the skill itself, else the
 * skill's text before the message. Undefined when there is no such skill: an agent would take the call for plain text.
 */
export async function withSkill(place: SkillPlace, name: string, text: string): Promise<string | undefined> {
  if (!isSkillName(name)) return undefined
  const own = await firstWith(ownFolders(place), name)
  const call = own !== undefined && place.agent && place.calls !== false && skillCall(place.agent, name, text)
  if (call) return call
  const folder = own ?? (await firstWith(place.dirs, name))
  return folder === undefined ? undefined : skillText(await readFile(fileOf(folder, name), 'utf8'), text)
}

/**
 * The text that calls a skill an agent knows; the call must be the very first characters. Undefined where a call would
 * obey what an outsider wrote: the agent gets the skill's text then.
 */
export function skillCall(agent: AgentKind | undefined, name: string, text: string): string | undefined {
  const call = agent ? agentFacts[agent].call : !/!`|@/.test(text) && slash
  return call ? call(name) + text : undefined
}

/** 1 to 64 of a-z 0-9 and single hyphens inside (agentskills.io). */
export const isSkillName = (name: string): boolean =>
  name.length <= 64 && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)

interface AgentFacts {
  /** Relative to the working directory and to the home. */
  readonly folders: readonly string[]
  readonly homeFolders?: readonly string[]
  readonly call?: (name: string) => string
}

const slash = (name: string): string => `/${name} `

const agentFacts: Readonly<Record<AgentKind, AgentFacts>> = {
  claude: { folders: ['.claude/skills'], call: slash },
  opencode: {
    folders: ['.opencode/skills', '.claude/skills', '.agents/skills'],
    homeFolders: ['.config/opencode/skills'],
    // Its call runs every !`command` and reads every @file of the text behind it.
  },
  codex: { folders: ['.agents/skills'], homeFolders: ['.codex/skills'], call: (name) => `$${name} ` },
  gemini: {
    folders: ['.agents/skills', '.gemini/skills'],
    call: (name) => `Use the skill "${name}" (activate_skill) for this: `,
  },
  qwen: { folders: ['.agents/skills', '.qwen/skills'], call: slash },
  pi: {
    folders: ['.agents/skills', '.pi/skills'],
    homeFolders: ['.pi/agent/skills'],
    call: (name) => `/skill:${name} `,
  },
}

const anyAgent: Pick<AgentFacts, 'folders' | 'homeFolders'> = { folders: ['.agents/skills'] }

function ownFolders({ agent, cwd, home }: SkillPlace): readonly string[] {
  const { folders, homeFolders = [] } = agent ? agentFacts[agent] : anyAgent
  return [
    ...folders.map((folder) => join(cwd, folder)),
    ...[...folders, ...homeFolders].map((folder) => join(home, folder)),
  ]
}

async function skillsIn(folder: string): Promise<readonly string[]> {
  const names = (await namesIn(folder)).filter(isSkillName)
  const present = await Promise.all(names.map((name) => holdsSkill(folder, name)))
  return names.filter((_, index) => present[index])
}

async function firstWith(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) if (await holdsSkill(folder, name)) return folder
  return undefined
}

const holdsSkill = async (folder: string, name: string): Promise<boolean> =>
  (await stat(fileOf(folder, name)).catch(() => undefined))?.isFile() === true

const fileOf = (folder: string, name: string): string => join(folder, name, 'SKILL.md')

/** The instructions without the front matter, which is for those who choose among skills. */
const skillText = (file: string, text: string): string =>
  `${file.replace(/^\uFEFF?---\r?\n[\s\S]*?\r?\n---\r?\n/, '').trim()}\n\n${text}`
