import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import type { ProcessIdentity } from '../../domain/driver.ts'
import { codeOf } from '../../domain/error.ts'
import { pause } from '../../wait.ts'
import { toolEnv } from './environment.ts'
import { namesIn, statOf, textOf } from './files.ts'

/** Who runs under this pid now; undefined when nobody does, also for a zombie, or where the system does not tell. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined
  const start = process.platform === 'linux' ? await linuxStart(pid) : await psStart(pid)
  return start === undefined ? undefined : { pid, start }
}

/** True while that very process runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.start === identity.start
}

interface Place {
  /** Absolute. Becomes `PWD` as well: some agents trust that more than their directory. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Starts a program with pipes, in a process group (and session) of its own. Rejects with a sentence when it cannot be
 * started. The caller reads both outputs and ends the group.
 */
export async function startProgram(
  command: readonly string[],
  place: Place,
): Promise<ChildProcessWithoutNullStreams & { readonly pid: number }> {
  const [program, ...args] = command
  if (program === undefined || program === '') throw new Error('no command is given')
  if (!(await isFolder(place.cwd)))
    throw new Error(`cannot start ${program}: there is no folder ${place.cwd}`)
  const env = { ...place.env, PWD: place.cwd }
  return new Promise((resolve, reject) => {
    const refuse = (thrown: unknown) => reject(new Error(`cannot start ${program}: ${startTrouble(thrown)}`))
    try {
      const child = spawn(program, args, { cwd: place.cwd, env, detached: true, stdio: 'pipe' })
      child.once('error', refuse)
      child.once('spawn', () => {
        const { pid } = child
        if (pid === undefined) refuse('it has no pid')
        else resolve(Object.assign(child, { pid }))
      })
    } catch (thrown) {
      refuse(thrown)
    }
  })
}

/** Signals a whole process group by its leader's pid; false when there is no such group. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  // kill(-1) and kill(0) would reach far more than one agent.
  if (!Number.isSafeInteger(pid) || pid <= 1) return false
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal)
    return true
  } catch {
    return false
  }
}

/**
 * Ends a process group: each signal in turn, `graceMs` apart, SIGKILL last. Resolves when nothing of the group runs, at
 * the latest `graceMs` after SIGKILL. The caller knows that the group is ours.
 */
export async function endGroup(
  pid: number,
  graceMs = 2000,
  signals: readonly NodeJS.Signals[] = ['SIGTERM'],
): Promise<void> {
  for (const signal of [...signals, 'SIGKILL'] as const) {
    if (!signalGroup(pid, signal)) return
    if (await groupGone(pid, graceMs)) return
  }
}

const pollMs = 20

async function groupGone(pid: number, deadlineMs: number): Promise<boolean> {
  for (let waited = 0; waited < deadlineMs; waited += pollMs) {
    if (!(await groupRuns(pid))) return true
    await pause(pollMs)
  }
  return !(await groupRuns(pid))
}

/** Zombies take signals as well, and an init that reaps late must not keep us waiting. */
const groupRuns = async (pid: number): Promise<boolean> =>
  signalGroup(pid, 0) && (process.platform !== 'linux' || (await groupMembers(pid)).length > 0)

/** The pids of all that run in a process group, zombies left out; none where the system has no /proc. */
export async function groupMembers(group: number): Promise<readonly number[]> {
  const pids = (await namesIn('/proc')).map(Number).filter(Number.isSafeInteger)
  const facts = await Promise.all(pids.map(linuxFacts))
  return pids.filter((_, index) => facts[index]?.group === group)
}

async function linuxStart(pid: number): Promise<string | undefined> {
  const facts = await linuxFacts(pid)
  const boot = facts && (await textOf('/proc/sys/kernel/random/boot_id'))
  return facts && `${boot?.slice(0, 8)}:${facts.ticks}`
}

async function linuxFacts(pid: number): Promise<{ group: number; ticks: string } | undefined> {
  const fields = await statOf(pid)
  const [state, group, ticks] = [fields[0], fields[2], fields[19]]
  if (!state || !group || !ticks || state === 'Z' || state === 'X') return undefined
  return { group: Number(group), ticks }
}

const psDeadlineMs = 3000

function psStart(pid: number): Promise<string | undefined> {
  const env = { ...toolEnv(), TZ: 'UTC' }
  const options = { env, timeout: psDeadlineMs, killSignal: 'SIGKILL' } as const
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], options, (_error, stdout) => {
      const [, state, start] = /^\s*(\S+)\s+(\S.*\S)\s*$/.exec(stdout) ?? []
      resolve(state?.startsWith('Z') ? undefined : start)
    })
  })
}

export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

const troubles: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such program',
  EACCES: 'it may not be executed',
  E2BIG: 'its arguments and environment are too long',
}

function startTrouble(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown
  const code = codeOf(thrown) ?? ''
  return troubles[code] ?? (code || String(thrown))
}
