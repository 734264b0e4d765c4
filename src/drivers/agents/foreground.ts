import { execFile } from 'node:child_process'
import { toolEnv } from '../process/environment.ts'
import { statOf, textOf } from '../process/files.ts'
import type { AgentKind } from './kinds.ts'
import { agentRunBy } from './kinds.ts'

/** The agent in front in the terminal of `pid`, also where an interpreter runs it. */
export const agentInFront = async (pid: number): Promise<AgentKind | undefined> =>
  agentRunBy((await foregroundOf(pid)) ?? [])

/** The command line of the program in front in the terminal of `pid`; undefined when the system does not show it. */
export async function foregroundOf(pid: number): Promise<readonly string[] | undefined> {
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined
  return process.platform === 'linux' ? linuxForeground(pid) : psForeground(pid)
}

async function linuxForeground(pid: number): Promise<readonly string[] | undefined> {
  const leader = (await statOf(pid))[5]
  const command = await textOf(`/proc/${leader}/cmdline`)
  return command === '' ? undefined : command.split('\0').filter((word) => word !== '')
}

async function psForeground(pid: number): Promise<readonly string[] | undefined> {
  const leader = (await ps('tpgid=', String(pid)))?.trim()
  const command = leader && (await ps('args=', leader))
  return command ? command.trim().split(/\s+/) : undefined
}

const deadlineMs = 3000

function ps(column: string, pid: string): Promise<string | undefined> {
  const options = { env: toolEnv(), timeout: deadlineMs, killSignal: 'SIGKILL' } as const
  return new Promise((resolve) => {
    execFile('ps', ['-o', column, '-p', pid], options, (error, stdout) => resolve(error ? undefined : stdout))
  })
}
