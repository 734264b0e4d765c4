import { readFileSync } from 'node:fs'
import { pause } from './plan.ts'

/** What the kernel (Linux) has booked on a process with all its threads, and apart on the children it has waited for. */
export interface CpuSeconds {
  readonly own: number
  readonly children: number
}

export const cpuSeconds = (pid: number): CpuSeconds => parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))

/** Waits until a process rests, as far as one that has just started will: under a tenth of a processor for a second. */
export async function untilQuiet(pid: number): Promise<void> {
  for (let seconds = 0; seconds < 30; seconds++) {
    const before = cpuSeconds(pid).own
    await pause(1000)
    if (cpuSeconds(pid).own - before < 0.1) return
  }
}

/** Clock ticks a second that Linux shows to programs, on every architecture Postern runs on. */
const ticks = 100

/** proc_pid_stat(5): fields 14 to 17 are utime, stime, cutime, cstime. The name, field 2, may hold spaces and brackets. */
export function parseStat(stat: string): CpuSeconds {
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [utime = Number.NaN, stime = Number.NaN, cutime = Number.NaN, cstime = Number.NaN] = afterName
    .slice(11, 15)
    .map(Number)
  return { own: (utime + stime) / ticks, children: (cutime + cstime) / ticks }
}

/** Resident memory in MB: now, and the most there ever was. */
export const memoryMb = (pid: number): { readonly now: number; readonly peak: number } =>
  parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8'))

/** proc_pid_status(5): `VmRSS` and `VmHWM`, in kB. */
export function parseStatus(status: string): { readonly now: number; readonly peak: number } {
  const mb = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) / 1024
  return { now: mb('VmRSS'), peak: mb('VmHWM') }
}
