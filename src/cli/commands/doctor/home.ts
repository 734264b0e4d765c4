import { homeAt } from '../../../domain/home.ts'
import type { Call } from '../../command.ts'
import { bad, type Look, note, nothingYet, ok, opened, quoted } from './look.ts'

export const lookAtProgram = async ({ io }: Call): Promise<readonly Look[]> => [
  ok(`${io.program.version}, ${io.program.runtime}, ${io.program.target}`),
]

export async function lookAtConfig({ io, home }: Call): Promise<readonly Look[]> {
  const config = await io.config(home)
  const { warnings } = await config.load()
  return warnings.length === 0 ? [ok(config.file)] : warnings.map((warning) => note(warning))
}

/** Other users may read neither the directory nor what lies in it. */
export async function lookAtHome({ io, home }: Call): Promise<readonly Look[]> {
  const { root, databaseFile, keysDir, runDir, configFile } = homeAt(home)
  if ((await io.modeOf(root)) === undefined) return [note(`${root} does not exist yet`)]
  const isOpen = async (path: string) => ((await io.modeOf(path)) ?? 0) & 0o077
  const open = async (paths: readonly string[]) => {
    const modes = await Promise.all(paths.map(isOpen))
    return paths.filter((_, index) => modes[index])
  }
  const database = [databaseFile, `${databaseFile}-wal`, `${databaseFile}-shm`]
  const exposed = await open([root, ...database, keysDir, `${keysDir}/admin.token`, runDir])
  const readable = await open([configFile])
  const found = [
    ...exposed.map((path) =>
      bad(`others can read ${path}`, `chmod ${path === keysDir ? '-R ' : ''}go= ${quoted(path)}`),
    ),
    ...readable.map((path) =>
      note(`others could read ${path}, were it not in a closed folder`, `chmod go= ${quoted(path)}`),
    ),
  ]
  return found.length === 0 ? [ok(root)] : found
}

export function lookAtStore(call: Call): Promise<readonly Look[]> {
  return opened(call, nothingYet, async ({ store, paths: home }) => {
    const troubles = await store.examine()
    if (troubles.length > 0) return troubles.map((trouble) => bad(trouble, restore(home.databaseFile)))
    await store.probe()
    const { deliveries } = await store.counts()
    const waiting = deliveries.PENDING + deliveries.RETRY
    return [ok(`takes durable writes; ${waiting} waiting, ${deliveries.FAILED} failed`)]
  })
}

const restore = (file: string): string =>
  `stop the server, move ${quoted(file)} away with its -wal and -shm, and put a backup in its place`

export function lookAtKeys(call: Call): Promise<readonly Look[]> {
  return opened(call, nothingYet, async ({ tokens }) => {
    await tokens.read('not-a-token')
    return [ok('readable, by their owner alone')]
  })
}
