import { access, constants, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import type { Discovered, DiscoveryPlace, Way } from '../../domain/driver.ts'

/** How an agent that is installed would be run by a driver. */
export interface Runnable {
  /** What has to be on the PATH. */
  readonly program: string
  /** In what way, for people, for example `kept running, over ACP`. */
  readonly how: string
  readonly way: Way
  readonly id: string
  readonly add: readonly string[]
}

/** Those whose program is on the PATH. */
export async function installed(
  { env }: Pick<DiscoveryPlace, 'env'>,
  runnables: readonly Runnable[],
): Promise<readonly Discovered[]> {
  const found = await Promise.all(
    runnables.map(async ({ program, how, way, id, add }) => {
      const path = await programOnPath({ env, cwd: '/' }, program)
      return path === undefined ? [] : [{ what: `${program} at ${path}, ${how}`, live: false, way, id, add }]
    }),
  )
  return found.flat()
}

/** Where a program of that name is found, started in `cwd`; undefined when it is not. */
export async function programOnPath(
  { env, cwd }: { readonly env: DiscoveryPlace['env']; readonly cwd: string },
  program: string,
): Promise<string | undefined> {
  const paths = program.includes('/')
    ? [resolve(cwd, program)]
    : (env.PATH ?? '')
        .split(delimiter)
        .filter(isAbsolute)
        .map((folder) => join(folder, program))
  for (const path of paths) if (await isProgram(path)) return path
  return undefined
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
