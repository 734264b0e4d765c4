import type { ProcessIdentity } from '../../domain/driver.ts'
import { textOf } from './files.ts'
import { endGroup, groupMembers, identify, isRunning } from './process.ts'

const killGraceMs = 1000

/**
 * Whether something of a process group runs that a crash left: its leader, or children the leader left in its group,
 * which carry `mark`, a `NAME=value`, in their environment.
 */
export async function orphanRuns(leader: ProcessIdentity, mark: string): Promise<boolean> {
  if (await isRunning(leader)) return true
  if (await identify(leader.pid)) return false
  const carriers = await Promise.all((await groupMembers(leader.pid)).map((pid) => carries(pid, mark)))
  return carriers.includes(true)
}

export async function endOrphan(leader: ProcessIdentity, mark: string): Promise<void> {
  if (await orphanRuns(leader, mark)) await endGroup(leader.pid, killGraceMs)
}

async function carries(pid: number, mark: string): Promise<boolean> {
  const environment = await textOf(`/proc/${pid}/environ`)
  return environment.split('\0').includes(mark)
}
