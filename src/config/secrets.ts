import { resolve } from 'node:path'
import { whyGuessable, whyPatterned } from '../auth/guessable.ts'
import { reasonOf } from '../domain/error.ts'
import { isLoopback } from '../domain/loopback.ts'
import { minSecretLength } from '../domain/verify.ts'
import { type Complain, type ConfigPath, pathText } from './problem.ts'
import type { ServerConfig } from './types.ts'

export type OneSecret = string | { readonly env: string } | { readonly file: string }
export type WrittenSecret = OneSecret | readonly OneSecret[]

export interface BuildDeps {
  readonly env: Readonly<Record<string, string | undefined>>
  /** What relative file names are relative to. */
  readonly baseDir: string
  /** For commands that need no secret: what looking at one costs is spared. */
  readonly ignoreSecretProblems?: boolean | undefined
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

export interface SecretCheck {
  /** Why the server can be reached from outside of this machine; undefined when it cannot. */
  readonly reachable: string | undefined
  readonly warn: (text: string) => void
  readonly complain: Complain
  readonly looksForGuesses: boolean
}

/** Complains of a secret that anybody could guess. */
export function checkSecret(secret: string, at: ConfigPath, least: number, check: SecretCheck): void {
  const { reachable, warn, complain } = check
  if (secret.length >= least && hasStrayCharacters(secret))
    warn(`${pathText(at)} has spaces or line breaks at an end, or characters that nobody types.`)
  const hint = least < minSecretLength ? '' : '; `postern secret` makes one'
  if (secret.length < least)
    complain(at, least === 1 ? 'is empty' : `must have ${least} characters or more${hint}`)
  else if (isPlaceholder(secret))
    complain(at, 'is a placeholder; {"env": "NAME"} or {"file": "path"} reads a secret from elsewhere')
  else if (isExample(secret) && reachable !== undefined)
    complain(at, `is the one from the documentation, and ${reachable}; \`postern secret\` makes one`)
  else if (isExample(secret))
    warn(`${pathText(at)} is the one from the documentation; \`postern secret\` makes one of your own.`)
  else if (check.looksForGuesses) checkForGuesses(secret, at, least, check)
}

/** What the sender made may be all that it makes: of that there is only a warning. */
function checkForGuesses(
  secret: string,
  at: ConfigPath,
  least: number,
  { complain, warn }: SecretCheck,
): void {
  const isOurs = least >= minSecretLength
  const why = isOurs ? whyGuessable(secret) : whyPatterned(secret)
  if (why === undefined) return
  if (isOurs) complain(at, `${why}, or others guess it; \`postern secret\` makes one`)
  else warn(`${pathText(at)} ${why}, or others guess it; let its sender make another.`)
}

/** What comes with a file: line breaks, a byte order mark, bytes that are no UTF-8. Few senders have it, too. */
const hasStrayCharacters = (secret: string): boolean =>
  secret.trim() !== secret || /\p{Cc}|\ufffd/u.test(secret)

/** Every secret that stands as an example in a document: whoever reads it knows them. */
const exampleSecrets: readonly string[] = [
  'your-webhook-secret',
  'at least sixteen characters; postern secret prints one',
  'the agreed secret',
]

const isExample = (secret: string): boolean => exampleSecrets.includes(secret.trim().toLowerCase())

/** Why strangers may reach a server with this configuration. */
export function reachableBy({ host, publicUrl, trustedProxies }: ServerConfig): string | undefined {
  if (!isLoopback(host)) return `${host} is not a loopback address`
  if (publicUrl !== undefined) return 'server.publicUrl is set'
  return trustedProxies.length > 0 ? 'server.trustedProxies is set' : undefined
}

/** What stands where a secret should: `${NAME}`, `<your secret>`, `whsec_` with nothing behind it, one character over and over. */
const isPlaceholder = (secret: string): boolean =>
  /^(\$\{.*\}|\$\w+|%\w+%|\{\{.*\}\}|<.*>|\[.*\]|env:\w+|(?:process\.)?env\.\w+|[a-z_]{1,8}_|(.)\2*)$/s.test(
    secret,
  )

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
  const text = await deps.read(file).catch((thrown: unknown) => {
    deps.complain(path, reasonOf(thrown))
    return ''
  })
  if (text === undefined) deps.complain(path, `there is no file ${file}`)
  return (text ?? '').replace(/\r?\n$/, '')
}
