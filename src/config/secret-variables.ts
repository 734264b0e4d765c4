import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

type Env = Readonly<Record<string, string | undefined>>

/**
 * Names of the environment variables that hold secrets of a configuration file: every `{"env": "NAME"}` in it, wherever
 * that stands, and every other variable of `env` with the value of a secret. Reads a broken file, too: what it names is as
 * secret as before.
 */
export async function secretVariables(configFile: string, env: Env): Promise<readonly string[]> {
  const text = await textOf(configFile)
  const document = parsed(text)
  const names =
    document === undefined
      ? [...text.matchAll(/"env"\s*:\s*"([^"\\]+)"/g)].map(([, name = '']) => name)
      : textsNamed('env', document)
  const files = textsNamed('file', document).map((file) => resolve(dirname(configFile), file))
  const secrets = [
    ...names.map((name) => env[name] ?? ''),
    ...textsNamed('secret', document),
    ...headerTexts(document),
    ...(await Promise.all(files.map(async (file) => (await textOf(file)).replace(/\r?\n$/, '')))),
  ].filter((secret) => secret.length >= leastAlike)
  const isAlike = (name: string) => !names.includes(name) && secrets.includes(env[name] ?? '')
  return [...names, ...Object.keys(env).filter(isAlike)]
}

/** Fewer characters may be the same by chance. */
const leastAlike = 8

/** Empty for what is no ordinary file: a pipe can be read only once. */
async function textOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? readFile(path, 'utf8').catch(() => '') : ''
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    return undefined
  }
}

/** The strings in all members of that name, which may be lists. */
function textsNamed(name: string, value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => [
    ...(key === name ? [inner].flat().filter((text) => typeof text === 'string') : []),
    ...textsNamed(name, inner),
  ])
}

/** The strings in all objects of that name. */
function headerTexts(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
    key === 'headers' && typeof inner === 'object' && inner !== null
      ? Object.values(inner).filter((text) => typeof text === 'string')
      : headerTexts(inner),
  )
}
