import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { SkillPlace } from './skills.ts'

/**
 * The text for an agent that reads every file or folder that a message names with `@`, wherever the name stands.
 * Gemini and Qwen Code search the whole folder for such a name, so each `@` gets a backslash. Claude Code gives the
 * file to its model, and behind a name at the end of a text Enter completes the name instead of sending. So a name
 * of something that exists gets a backslash, and one at the end is closed by a space.
 */
export async function escapeMentions(
  { agent, cwd, home }: Pick<SkillPlace, 'agent' | 'cwd' | 'home'>,
  text: string,
): Promise<string> {
  if (agent === 'gemini' || agent === 'qwen') return text.replace(/(?<!\\)@(?=\S)/g, '\\@')
  if (agent !== 'claude' || !hasMention(text)) return text
  const names = new Set([...text.matchAll(mention)].map(([, name = '']) => name))
  const live = new Set<string>()
  for (const name of [...names].slice(0, maxNames)) if (await isLive(name, cwd, home)) live.add(name)
  const isTooMany = names.size > maxNames
  const escaped = text.replace(mention, (whole, name: string) =>
    isTooMany || live.has(name) ? `\\${whole}` : whole,
  )
  return endsOpen.test(escaped) ? `${escaped} ` : escaped
}

export const hasMention = (text: string): boolean => /@\S/.test(text)

const mention = /(?<=^|\s)@("[^"\n]+"|\S+)/g
const endsOpen = /(?:^|\s)@\S*$/

/** Each is looked for on disk; with more of them all get the backslash. */
const maxNames = 100

/** An agent, a resource of a server, or something on disk, with or without what a sentence puts behind it. */
async function isLive(name: string, cwd: string, home: string): Promise<boolean> {
  const bare = name.replace(/^"|"$/g, '').replace(/#.*$/, '')
  if (/^(?:agent-|[\w-]+:)/.test(bare)) return true
  const path = bare.startsWith('~') ? `${home}/${bare.slice(1)}` : bare
  const spellings = new Set([path, path.replace(/[^\w/]+$/, '')])
  const there = await Promise.all([...spellings].map((spelling) => exists(resolve(cwd, spelling))))
  return there.includes(true)
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
