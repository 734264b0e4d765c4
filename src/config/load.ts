import { lstat, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Failure, reasonOf } from '../domain/error.ts'
import type { Home } from '../domain/home.ts'
import { findFault } from '../payload/json-reader.ts'
import { build } from './build.ts'
import { applyOverrides, type ConfigFlags, originIn, overridesOf } from './overrides.ts'
import { configFailure, type Problem, pathText } from './problem.ts'
import type { ConfigDocument } from './schema.ts'
import type { BuildDeps } from './secrets.ts'
import type { Config } from './types.ts'

export { type Config, outgoingSecrets } from './types.ts'

/** Where a configuration comes from. Defaults < file < environment < flags. */
export interface ConfigSources {
  readonly home: Home
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: ConfigFlags
  /** For commands that need no secret and may not be able to read them. */
  readonly ignoreSecretProblems?: boolean
  /** Undefined when there is no such file; throws when it cannot be read. */
  readonly read?: BuildDeps['read']
}

/**
 * The configuration as it is now. Throws `config_invalid` with everything that is wrong with it: where it stands, and
 * what would be right, never the value. In this order: overrides, validate (by schema), build with hooks, server, tls,
 * verify and secrets; types is the result, problem what is thrown, printable what may be shown.
 */
export async function loadConfig(sources: ConfigSources): Promise<Config> {
  const { home, env, flags, read = readText, ignoreSecretProblems } = sources
  const file = home.configFile
  if (await isPipe(file)) throw new Failure('config_invalid', `${file} is a pipe, which may never end.`)
  const text = await read(file)
  const overrides = overridesOf(env, flags)
  const problems: Problem[] = []
  const written = applyOverrides(text === undefined ? undefined : parseDocument(file, text), overrides)
  const document = written === undefined ? {} : await validated(written, problems)
  const config = await build(document, {
    env,
    baseDir: dirname(file),
    read,
    ignoreSecretProblems,
    complain: (path, what) => {
      if (!ignoreSecretProblems || !path.includes('secret')) addFirst(problems, { path, what })
    },
  })
  if (problems.length > 0) throw configFailure(file, problems, originIn(overrides))
  return config
}

/** Only the first at each place counts: a secret that is missing is also too short. */
function addFirst(problems: Problem[], problem: Problem): void {
  if (!problems.some(({ path }) => pathText(path) === pathText(problem.path))) problems.push(problem)
}

/** JSON Schema of the file, for editors. */
export async function configSchema(): Promise<Readonly<Record<string, unknown>>> {
  const { jsonSchema } = await import('./validate.ts')
  return jsonSchema()
}

/** Undefined when there is no such file. A link that leads nowhere is not none: what it should lead to is missing. */
const readText: BuildDeps['read'] = async (path) => {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      for (const place of [path, dirname(path)])
        if (await isLink(place))
          throw new Failure('config_invalid', `${place} is a link to what is not there.`, { cause })
      return undefined
    }
    throw new Failure('config_invalid', `${path} cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

const isLink = async (path: string): Promise<boolean> =>
  (await lstat(path).catch(() => undefined))?.isSymbolicLink() === true

async function isPipe(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFIFO() === true || found?.isCharacterDevice() === true
}

/** Parses strict JSON. Throws `config_invalid` with line and column. */
function parseDocument(path: string, text: string): unknown {
  const json = text.replace(/^\ufeff/, '')
  try {
    return JSON.parse(json)
  } catch {
    const before = json.slice(0, findFault(json)).split('\n')
    const column = (before.at(-1)?.length ?? 0) + 1
    throw new Failure('config_invalid', `${path} is not valid JSON: line ${before.length}, column ${column}.`)
  }
}

/** The schema is loaded only when there is a document to check: it takes longer than all the rest. */
async function validated(written: unknown, problems: Problem[]): Promise<ConfigDocument> {
  const { validate } = await import('./validate.ts')
  problems.push(...validate(written))
  return problems.length === 0 ? (written as ConfigDocument) : {}
}
