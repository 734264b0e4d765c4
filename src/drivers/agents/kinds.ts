import { basename } from 'node:path'

/** The agents whose folders of skills, calls and screens are known, by the names of their programs. */
export const agentKinds = ['claude', 'opencode', 'codex', 'gemini', 'qwen', 'pi'] as const

export type AgentKind = (typeof agentKinds)[number]

export const isAgentKind = (text: unknown): text is AgentKind => agentKinds.some((kind) => kind === text)

/** Behind an interpreter and its options. */
const wordsLooked = 6

/** The agent a running command line belongs to: `node --no-warnings /opt/bin/gemini` is gemini. */
export const agentRunBy = (command: readonly string[]): AgentKind | undefined =>
  command
    .slice(0, wordsLooked)
    .map((word) => basename(word).replace(/\.[cm]?js$|\.exe$/, ''))
    .find(isAgentKind)
