import { readlink } from 'node:fs/promises'
import { statOf, textOf } from '../process/files.ts'
import { groupMembers } from '../process/process.ts'

/** Linux system calls in which a program waits for input, by architecture. The first two name what they read. */
const waits: Readonly<
  Record<string, { readonly reads: readonly string[]; readonly polls: readonly string[] }>
> = {
  x64: { reads: ['0', '19'], polls: ['7', '23', '232', '270', '271', '281', '441'] },
  arm64: { reads: ['63', '65'], polls: ['22', '72', '73', '441'] },
}

/**
 * Whether a program in the foreground of a terminal waits for input now; undefined where the system does not show
 * it. In line mode the kernel echoes what is typed whether a program reads or not, so the screen alone proves
 * little there.
 */
export async function awaitsInput(leader: number): Promise<boolean | undefined> {
  const calls = waits[process.arch]
  if (process.platform !== 'linux' || !calls) return undefined
  const group = Number((await statOf(leader))[5])
  if (!(group > 1)) return undefined
  const answers = await Promise.all((await groupMembers(group)).map((pid) => waitsForInput(pid, calls)))
  if (answers.includes(true)) return true
  return answers.length === 0 || answers.includes(undefined) ? undefined : false
}

async function waitsForInput(pid: number, calls: (typeof waits)[string]): Promise<boolean | undefined> {
  const [line, stat] = await Promise.all([textOf(`/proc/${pid}/syscall`), statOf(pid)])
  if (line === '') return undefined
  // A stopped program is still in the call that it was stopped in.
  if (stat[0] === 'T' || stat[0] === 't') return false
  const [call = '', first = ''] = line.split(' ')
  if (calls.polls.includes(call)) return true
  return calls.reads.includes(call) && (await isTerminal(pid, Number(first)))
}

const isTerminal = async (pid: number, descriptor: number): Promise<boolean> =>
  /^\/dev\/(?:pts\/|tty)/.test(await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => ''))
