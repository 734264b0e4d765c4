import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { AgentBench } from '../agents.ts'
import { until } from '../hooks.ts'

/** A tmux pane with an agent in it, at which a person may sit. */
export interface Pane {
  /** For `session add --driver tmux --target … --socket …`. */
  readonly target: string
  readonly socket: string
  readonly panePid: number
  /** Presses keys by their tmux names. */
  press(...keys: readonly string[]): Promise<void>
  /** Types characters as they are, without Enter. */
  write(text: string): Promise<void>
  screen(): Promise<string>
  /** Resolves with the screen once it matches. */
  shows(what: RegExp): Promise<string>
  close(): Promise<void>
}

export interface PaneSize {
  readonly columns?: number
  readonly rows?: number
}

const exec = promisify(execFile)

/** Starts a command in a tmux server of its own. Resolves at once; `shows` tells when it is ready. */
export async function openPane(
  bench: AgentBench,
  command: readonly string[],
  { columns = 110, rows = 36 }: PaneSize = {},
): Promise<Pane> {
  const socket = join(bench.place.home, '..', `tmux-${Math.random().toString(36).slice(2, 8)}`)
  const tmux = async (...args: readonly string[]) =>
    (await exec('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...args], { env: bench.env })).stdout
  // The other session keeps the server alive when the agent ends.
  await tmux('new-session', '-d', '-s', 'keeper', 'cat')
  const size = ['-x', String(columns), '-y', String(rows)]
  await tmux('new-session', '-d', '-s', 'agent', ...size, '-c', bench.place.cwd, ...command)
  const facts = await tmux('display-message', '-p', '-t', '=agent:', '#{pane_id} #{pane_pid}')
  const [target = '', panePid = ''] = facts.trim().split(' ')
  const screen = () => tmux('capture-pane', '-p', '-t', target)
  return {
    ...{ target, socket, screen, panePid: Number(panePid) },
    press: async (...keys) => {
      await tmux('send-keys', '-t', target, ...keys)
    },
    write: async (text) => {
      await tmux('send-keys', '-l', '-t', target, '--', text)
    },
    shows: (what) => shows(screen, what),
    close: async () => {
      await tmux('kill-server').catch(() => {})
    },
  }
}

async function shows(screen: () => Promise<string>, what: RegExp): Promise<string> {
  let last = ''
  const look = async () => {
    last = await screen()
    return what.test(last) ? last : undefined
  }
  return until(`the screen shows ${what}`, look).catch((error: unknown) => {
    throw new Error(`${error}\n${last}`)
  })
}
