import { resolve } from 'node:path'
import type { Complain, ConfigPath } from './problem.ts'

type OneSecret = string | { readonly env: string } | { readonly file: string }
export type WrittenSecret = OneSecret | readonly OneSecret[]

export interface BuildDeps {
  readonly env: Readonly<Record<string, string | undefined>>
  /** What relative file names are relative to. */
  readonly baseDir: string
  /** Undefined when there is no such file. */
  readonly read: (path: string) => Promise<string | undefined>
  readonly complain: Complain
}

/** The secrets themselves, in the order they are written. Complains of those that are not there. */
export async function resolveSecrets(
  written: WrittenSecret | undefined,
  path: ConfigPath,
  deps: BuildDeps,
): Promise<readonly string[]> {
  if (written === undefined) return []
  if (typeof written === 'string' || !isList(written)) return [await resolveSecret(written, path, deps)]
  return Promise.all(written.map((one, i) => resolveSecret(one, [...path, i], deps)))
}

/** What stands where a secret should: `${NAME}`, `<your secret>`, one character over and over. Everybody could guess it. */
export const isPlaceholder = (secret: string): boolean =>
  /^(\$\{?\w+\}?|\{\{.*\}\}|<.*>|env:\w+|(.)\2*)$/s.test(secret)

export const placeholderFlaw =
  'is a placeholder, not a secret; {"env": "NAME"} or {"file": "path"} reads one, `postern secret` makes one'

const isList = (written: WrittenSecret): written is readonly OneSecret[] => Array.isArray(written)

async function resolveSecret(written: OneSecret, path: ConfigPath, deps: BuildDeps): Promise<string> {
  if (typeof written === 'string') return written
  if ('env' in written) {
    const value = deps.env[written.env]
    if (value === undefined || value === '')
      deps.complain(path, `the environment variable ${written.env} is not set`)
    return value ?? ''
  }
  const file = resolve(deps.baseDir, written.file)
  const text = await deps.read(file)
  if (text === undefined) deps.complain(path, `there is no file ${file}`)
  return (text ?? '').replace(/\r?\n$/, '')
}
