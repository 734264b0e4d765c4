import { dirname, resolve } from 'node:path'
import { parsed, secretOf, textOf } from './ordinary-file.ts'
import { pathText } from './problem.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * The secrets of a configuration file by what its writer calls them: the variable, the file, else where it stands. What cannot be
 * read is left out.
 */
export async function writtenSecrets(
  configFile: string,
  env: Env,
): Promise<Readonly<Record<string, string>>> {
  const found: [string, string | undefined][] = []
  const files: string[] = []
  const look = (value: unknown, path: readonly (string | number)[], isSecret: boolean): void => {
    if (typeof value === 'string' && isSecret) found.push([pathText(path), value])
    if (typeof value !== 'object' || value === null) return
    const { env: variable, file } = value as Readonly<Record<string, unknown>>
    if (typeof variable === 'string') found.push([variable, env[variable]])
    else if (typeof file === 'string') files.push(file)
    else
      for (const [key, inner] of Object.entries(value))
        look(inner, [...path, key], key === 'secret' || (isSecret && Array.isArray(value)))
  }
  look(parsed((await textOf(configFile)) ?? ''), [], false)
  for (const file of files) found.push([file, await secretOf(resolve(dirname(configFile), file))])
  return Object.fromEntries(found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}
