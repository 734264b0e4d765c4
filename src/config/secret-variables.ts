import { dirname, resolve } from 'node:path'
import { adminTokenVariable, keysVariable } from '../domain/key-variables.ts'
import { parsed, secretOf, textOf } from './ordinary-file.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * Names of the environment variables that hold secrets of a configuration file: every `{"env": "NAME"}` in it, wherever
 * that stands, and every other variable of `env` with the value of a secret, as which the address of the store and the keys of the door count. Reads a broken file, too: what it names is as
 * secret as before.
 */
export async function secretVariables(configFile: string, env: Env): Promise<readonly string[]> {
  const text = (await textOf(configFile)) ?? ''
  const document = parsed(text)
  const names =
    document === undefined
      ? [...text.matchAll(/"env"\s*:\s*"([^"\\]+)"/g)].map(([, name = '']) => name)
      : textsNamed('env', document)
  const files = textsNamed('file', document).map((file) => resolve(dirname(configFile), file))
  const secrets = [
    ...names.map((name) => env[name] ?? ''),
    ...textsNamed('secret', document),
    ...[env.POSTERN_STORE, ...textsNamed('store', document)].flatMap(secretsOfAddress),
    ...[env[keysVariable] ?? '', env[adminTokenVariable] ?? ''],
    ...headerTexts(document),
    ...(await Promise.all(files.map(async (file) => (await secretOf(file)) ?? ''))),
  ].filter((secret) => secret.length >= leastAlike)
  const isAlike = (name: string) => !names.includes(name) && secrets.includes(env[name] ?? '')
  return [...names, ...Object.keys(env).filter(isAlike)]
}

/** A variable that somebody else's programs name it by often has the whole address. */
function secretsOfAddress(address: string | undefined): readonly string[] {
  if (address === undefined || !URL.canParse(address)) return []
  const { password } = new URL(address)
  return password === '' ? [] : [address, password, decodedOr(password)]
}

function decodedOr(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Fewer characters may be the same by chance. */
const leastAlike = 8

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
