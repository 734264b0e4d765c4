import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { agentRunBy } from './installed.ts'
import type { AgentKind } from './skills.ts'

/** The agent in front in the terminal of `pid`, also where an interpreter runs it. */
export const agentInFront = async (pid: number): Promise<AgentKind | undefined> =>
  agentRunBy((await foregroundOf(pid)) ?? [])

/** The command line of the program in front in the terminal of `pid`; undefined when the system does not show it. */
export async function foregroundOf(pid: number): Promise<readonly string[] | undefined> {
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined
  return process.platform === 'linux' ? linuxForeground(pid) : psForeground(pid)
}

/** From proc(5) `stat`: `tpgid` is the sixth field behind the name, which may hold anything. */
async function linuxForeground(pid: number): Promise<readonly string[] | undefined> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8')
    const leader = line.slice(line.lastIndexOf(')') + 2).split(' ')[5]
    const command = await readFile(`/proc/${leader}/cmdline`, 'utf8')
    return command.split('\0').filter((word) => word !== '')
  } catch {
    return undefined
  }
}

async function psForeground(pid: number): Promise<readonly string[] | undefined> {
  const leader = (await ps('tpgid=', String(pid)))?.trim()
  const command = leader && (await ps('args=', leader))
  return command ? command.trim().split(/\s+/) : undefined
}

const deadlineMs = 3000

function ps(column: string, pid: string): Promise<string | undefined> {
  const options = {
    env: { ...process.env, LC_ALL: 'C' },
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  } as const
  return new Promise((resolve) => {
    execFile('ps', ['-o', column, '-p', pid], options, (error, stdout) => resolve(error ? undefined : stdout))
  })
}
