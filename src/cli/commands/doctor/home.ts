import { homeAt } from '../../../domain/home.ts'
import { keysVariable } from '../../../domain/key-variables.ts'
import { shellQuoted } from '../../../domain/shell-quote.ts'
import type { Call } from '../../command.ts'
import { bad, type Examination, type Finding, note, nothingYet, ok, orOk } from './findings.ts'

export const checkProgram = async ({ io }: Call): Promise<readonly Finding[]> => [
  ok(`${io.program.version}, ${io.program.runtime}, ${io.program.target}`),
]

export async function checkConfig({ io, home }: Call): Promise<readonly Finding[]> {
  const config = await io.config(home)
  const { warnings } = await config.load()
  if (warnings.length > 0) return warnings.map((warning) => note(warning))
  if ((await io.modeOf(config.file)) !== undefined) return [ok(config.file)]
  return [note(`there is no ${config.file}: a server that starts now goes by the defaults`)]
}

/** Other users may read neither the directory nor what lies in it. */
export async function checkHome({ io, home, look }: Examination): Promise<readonly Finding[]> {
  const { root, databaseFile, keysDir, runDir, configFile } = homeAt(home)
  if ((await io.modeOf(root)) === undefined) return [note(`${root} does not exist yet`)]
  const { troubles } = await look()
  if (troubles.length > 0) return troubles.map((trouble) => ({ verdict: 'bad', ...trouble }))
  const database = [databaseFile, `${databaseFile}-wal`, `${databaseFile}-shm`]
  const paths = [root, ...database, keysDir, `${keysDir}/admin.token`, runDir, configFile]
  const modes = await Promise.all(paths.map(io.modeOf))
  const exposed = paths.filter((_, index) => ((modes[index] ?? 0) & 0o077) !== 0)
  return orOk(
    exposed.map((path) =>
      path === configFile
        ? note(`others could read ${path}, were it not in a closed folder`, `chmod go= ${shellQuoted(path)}`)
        : bad(`others can read ${path}`, `chmod ${path === keysDir ? '-R ' : ''}go= ${shellQuoted(path)}`),
    ),
    root,
  )
}

/** They lie in the home, also where the store is empty. */
export async function checkKeys({ io, home }: Call): Promise<readonly Finding[]> {
  if ((await io.modeOf(home)) === undefined) return nothingYet
  const kids = (await io.keys(home)).kids()
  if (kids.length === 0) return [note('none yet: the server makes the first one')]
  return [ok(io.env[keysVariable] ? `from ${keysVariable}, no files` : 'readable, by their owner alone')]
}
