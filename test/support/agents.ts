import { chmod, mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type AgentName, agentFolder, hasAgent, ownNodeProgram, pinOf } from '../../scripts/test/agents.ts'
import { claude } from './agents/claude.ts'
import { codex } from './agents/codex.ts'
import { gemini } from './agents/gemini.ts'
import { type Model, startModel } from './agents/model.ts'
import { opencode } from './agents/opencode.ts'
import { pi } from './agents/pi.ts'
import type { AgentFacts, AgentPlace } from './agents/place.ts'
import { processesWith } from './agents/processes.ts'
import { qwen } from './agents/qwen.ts'
import { cli, type Ran, type Served, scratchHome, serve } from './binary.ts'
import { type Shown, settled } from './hooks.ts'

const facts: Readonly<Record<AgentName, AgentFacts>> = { claude, codex, gemini, opencode, pi, qwen }

/** Why tests of an agent are skipped; false where it is installed, and always in CI. */
export const without = (name: AgentName): string | false =>
  hasAgent(name) || process.env.CI === 'true'
    ? false
    : `${name} ${pinOf(name).version} is not installed: npm run test:agents -- ${name}`

/** A real agent with a home, a project and a model of its own, and Postern beside it. */
export interface AgentBench {
  readonly name: AgentName
  readonly place: AgentPlace
  readonly model: Model
  /** Postern's home. */
  readonly home: string
  /** The agent's executable; also found by its plain name through `env.PATH`. */
  readonly program: string
  /** The whole environment that the agent needs, and what Postern is started with. */
  readonly env: Readonly<Record<string, string>>
  /** `postern …` as the person would call it in the project. */
  postern(...args: readonly string[]): Promise<Ran>
  serve(): Promise<Served>
  /** The delivery once it is DELIVERED or FAILED: a first turn may take a minute on a busy machine. */
  settled(server: Served, id: unknown): Promise<Shown>
  /** The user messages of the agent's own transcripts. */
  userMessages(): readonly string[]
  /** What still runs of all that was started here: agents, their children, holders, servers. */
  processes(): Promise<readonly { readonly pid: number; readonly command: string }[]>
  /** Ends whatever is left. */
  close(): Promise<void>
}

/** Throws where the agent is not installed. */
export async function openAgent(
  name: AgentName,
  more: Readonly<Record<string, string>> = {},
): Promise<AgentBench> {
  if (!hasAgent(name)) throw new Error(`${name} is not installed: npm run test:agents -- ${name}`)
  const home = await scratchHome()
  const folder = await realpath(dirname(home))
  const model = await startModel(folder)
  const place: AgentPlace = { home: join(folder, 'agent'), cwd: join(folder, 'work'), modelUrl: model.url }
  await Promise.all([mkdir(place.home), mkdir(place.cwd)])
  const program = await writeProgram(join(folder, 'bin'), name)
  const env = {
    PATH: `${dirname(program)}:${process.env.PATH ?? ''}`,
    HOME: place.home,
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    AGENT_BENCH: folder,
    ...(await facts[name].settle(place)),
    ...more,
  }
  const processes = () => processesWith(`AGENT_BENCH=${folder}`)
  return {
    ...{ name, place, model, home, program, env, processes },
    postern: (...args) => cli(args, { home, env, cwd: place.cwd }),
    serve: () => serve(home, { env }),
    settled: (server, id) => settled(home, server, id, turnMs),
    userMessages: () => facts[name].userMessages(place),
    close: async () => {
      for (const { pid } of await processes()) end(pid)
      model.stop()
    },
  }
}

const turnMs = 120_000

/** A script by the agent's own name; what it runs has that name too, as where npm installs it for all. */
async function writeProgram(bin: string, name: AgentName): Promise<string> {
  const path = join(bin, name)
  const installed = join(bin, 'installed', name)
  await mkdir(dirname(installed), { recursive: true })
  await symlink(join(agentFolder(name), pinOf(name).program), installed)
  const command = [...runnerOf(name), installed]
  await writeFile(path, `#!/bin/sh\nexec ${command.map((word) => `'${word}'`).join(' ')} "$@"\n`)
  await chmod(path, 0o755)
  return path
}

function runnerOf(name: AgentName): readonly string[] {
  const { runner } = pinOf(name)
  if (runner === 'own-node') return [join(agentFolder(name), ownNodeProgram)]
  return runner ? [runner] : []
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended meanwhile.
  }
}
