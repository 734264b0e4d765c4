import { join } from 'node:path'
import { shellQuoted } from '../../domain/shell-quote.ts'
import type { Io } from '../context.ts'

/** How one agent is told of an MCP server, as found by running it: see `registrations`. */
export interface Registration {
  /** For people. */
  readonly title: string
  /** What the agent's own program does it with. */
  readonly command: (server: readonly string[]) => readonly string[]
  /** Below the user's home. */
  readonly usual: Places
  /** Below the folder that the agent's own variable names. */
  readonly moved: Places & { readonly variable: string }
  /** The same, to be written there by hand. */
  readonly text: (server: readonly string[]) => string
}

interface Places {
  /** The agent's own: where there is one, the agent was used. */
  readonly folder: string
  /** Where the command writes; another one where that is there already. */
  readonly files: readonly [string, ...string[]]
}

/** Where an agent of this user keeps what it is configured by; absolute. */
export function placesOf(
  { usual, moved }: Registration,
  { env, userHome }: Pick<Io, 'env' | 'userHome'>,
): Places {
  const named = env[moved.variable]
  const [
    root,
    {
      folder,
      files: [file, ...others],
    },
  ] = named ? [named, moved] : [userHome, usual]
  const at = (path: string) => join(root, path)
  return { folder: at(folder), files: [at(file), ...others.map(at)] }
}

const json = (value: unknown): string => JSON.stringify(value, undefined, 2)

const named = ([command, ...args]: readonly string[], more: object = {}): string =>
  json({ mcpServers: { postern: { command, args, ...more } } })

/** Tried with Claude Code 2.1.332, Codex 0.171.0, opencode 1.18.34, gemini 0.61.0, qwen 0.24.4 and pi 1.6.0. */
export const registrations: Readonly<Record<string, Registration>> = {
  claude: {
    title: 'Claude Code',
    command: (server) => ['claude', 'mcp', 'add', '-s', 'user', 'postern', '--', ...server],
    usual: { folder: '.claude', files: ['.claude.json'] },
    moved: { variable: 'CLAUDE_CONFIG_DIR', folder: '', files: ['.claude.json'] },
    text: (server) => named(server, { type: 'stdio' }),
  },
  codex: {
    title: 'Codex',
    command: (server) => ['codex', 'mcp', 'add', 'postern', '--', ...server],
    usual: { folder: '.codex', files: ['.codex/config.toml'] },
    moved: { variable: 'CODEX_HOME', folder: '', files: ['config.toml'] },
    // Codex keeps every variable of Postern from what it starts, unless it is named here. Postern finds it all the same on Linux.
    text: ([command, ...args]) =>
      [
        '[mcp_servers.postern]',
        `command = ${JSON.stringify(command)}`,
        `args = ${JSON.stringify(args)}`,
        'env_vars = ["POSTERN_SELF", "POSTERN_HOME"]',
      ].join('\n'),
  },
  opencode: {
    title: 'opencode',
    command: (server) => ['opencode', 'mcp', 'add', 'postern', '--', ...server],
    usual: {
      folder: '.config/opencode',
      files: ['.config/opencode/opencode.jsonc', '.config/opencode/opencode.json'],
    },
    moved: {
      variable: 'XDG_CONFIG_HOME',
      folder: 'opencode',
      files: ['opencode/opencode.jsonc', 'opencode/opencode.json'],
    },
    text: (server) => json({ mcp: { postern: { type: 'local', command: server, enabled: true } } }),
  },
  gemini: {
    title: 'Gemini CLI',
    command: (server) => ['gemini', 'mcp', 'add', '-s', 'user', 'postern', ...server],
    usual: { folder: '.gemini', files: ['.gemini/settings.json'] },
    moved: { variable: 'GEMINI_CLI_HOME', folder: '.gemini', files: ['.gemini/settings.json'] },
    text: (server) => named(server),
  },
  qwen: {
    title: 'Qwen Code',
    command: (server) => ['qwen', 'mcp', 'add', '--scope', 'user', 'postern', ...server],
    usual: { folder: '.qwen', files: ['.qwen/settings.json'] },
    moved: { variable: 'QWEN_HOME', folder: '', files: ['settings.json'] },
    // Else its model sees the tools only when it has searched for them.
    text: (server) => named(server, { alwaysLoadTools: true }),
  },
  pi: {
    title: 'pi',
    command: (server) => ['pi', 'mcp', 'add', 'postern', '--exposure', 'direct', '--', ...server],
    usual: { folder: '.pi', files: ['.pi/agent/mcp.json'] },
    moved: { variable: 'PI_CODING_AGENT_DIR', folder: '', files: ['mcp.json'] },
    // Else its model sees the tools only from within a program that it writes.
    text: (server) => named(server, { exposure: 'direct' }),
  },
}

/** One line for a shell. */
export const commandLine = (words: readonly string[]): string => words.map(shellQuoted).join(' ')

/** Whether a configuration names this program as an MCP server. */
export const isRegisteredIn = (text: string): boolean =>
  /(?:^|[/"'\\])postern(?:\.exe)?["'][^\]}]*?["']mcp["']/m.test(text)
