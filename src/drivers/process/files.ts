import { readdir, readFile } from 'node:fs/promises'

/** Empty when the file is missing or cannot be read: files of others, and of /proc, come and go. */
export const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')

/** None when the folder is missing or cannot be read. */
export const namesIn = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => [])

/**
 * The fields of proc(5) `stat` behind the program's name, which may hold anything: 0 is the state, 2 the process group,
 * 5 the foreground group of its terminal, 19 the start.
 */
export async function statOf(pid: number): Promise<readonly string[]> {
  const line = await textOf(`/proc/${pid}/stat`)
  return line.slice(line.lastIndexOf(')') + 2).split(' ')
}

/** The variables that a process was started with; none where the system does not show it. */
export async function environmentOf(pid: number): Promise<Readonly<Record<string, string>>> {
  const pairs = (await textOf(`/proc/${pid}/environ`)).split('\0').map((pair) => /^([^=]+)=(.*)$/s.exec(pair))
  return Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1], pair[2]]] : [])))
}
