import { readdir, readFile } from 'node:fs/promises'

/** What runs with a variable in its environment, which children inherit. Linux only: elsewhere nothing is found. */
export async function processesWith(
  variable: string,
): Promise<readonly { readonly pid: number; readonly command: string }[]> {
  const pids = (await readdir('/proc').catch(() => [])).map(Number).filter(Number.isSafeInteger)
  const found = await Promise.all(pids.map((pid) => look(pid, variable)))
  return found.flatMap((one) => one ?? [])
}

async function look(pid: number, variable: string) {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8')
    if (!environment.split('\0').includes(variable)) return undefined
    return { pid, command: (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim() }
  } catch {
    return undefined
  }
}
