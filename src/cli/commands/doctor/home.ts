import { homeAt } from '../../../domain/home.ts'
import type { Call } from '../../command.ts'
import { bad, type Look, note, nothingYet, ok, opened, orOk, quoted } from './look.ts'

export const lookAtProgram = async ({ io }: Call): Promise<readonly Look[]> => [
  ok(`${io.program.version}, ${io.program.runtime}, ${io.program.target}`),
]

export async function lookAtConfig({ io, home }: Call): Promise<readonly Look[]> {
  const config = await io.config(home)
  const { warnings } = await config.load()
  return orOk(
    warnings.map((warning) => note(warning)),
    config.file,
  )
}

/** Other users may read neither the directory nor what lies in it. */
export async function lookAtHome({ io, home }: Call): Promise<readonly Look[]> {
  const { root, databaseFile, keysDir, runDir, configFile } = homeAt(home)
  if ((await io.modeOf(root)) === undefined) return [note(`${root} does not exist yet`)]
  const database = [databaseFile, `${databaseFile}-wal`, `${databaseFile}-shm`]
  const paths = [root, ...database, keysDir, `${keysDir}/admin.token`, runDir, configFile]
  const modes = await Promise.all(paths.map(io.modeOf))
  const exposed = paths.filter((_, index) => ((modes[index] ?? 0) & 0o077) !== 0)
  return orOk(
    exposed.map((path) =>
      path === configFile
        ? note(`others could read ${path}, were it not in a closed folder`, `chmod go= ${quoted(path)}`)
        : bad(`others can read ${path}`, `chmod ${path === keysDir ? '-R ' : ''}go= ${quoted(path)}`),
    ),
    root,
  )
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
