import { Failure } from '../../domain/error.ts'
import type { DriverSettings } from '../../domain/session.ts'

export interface OpencodeSettings {
  /** Without a trailing slash. */
  readonly url: string
  /** The conversation; without one the newest of that server's folder is taken, in a terminal the open one, or a new one begins. */
  readonly sessionId?: string
  readonly username: string
  /** Read from the server's environment at each request, so that no secret is stored. */
  readonly password: { readonly env: string }
}

const defaultPassword = { env: 'OPENCODE_SERVER_PASSWORD' }

/** Settings as a person gave them, completed. Throws `usage` naming what is wrong. */
export function parseOpencode(settings: DriverSettings): OpencodeSettings {
  for (const name of Object.keys(settings)) if (!known.includes(name)) throw usage(`has no setting "${name}"`)
  const { sessionId, username = 'opencode', password = defaultPassword } = settings
  if (sessionId !== undefined && !isSessionId(sessionId))
    throw usage('needs sessionId as opencode spells it, for example ses_2f0c…')
  if (!isUser(username)) throw usage('needs username as a text without ":"')
  if (!isVariable(password)) throw usage('needs password as {"env":"NAME"}; no secret is stored')
  return {
    url: urlOf(settings.url),
    ...(sessionId !== undefined && { sessionId }),
    username,
    password: { env: password.env },
  }
}

const known: readonly string[] = ['url', 'sessionId', 'username', 'password']

const usage = (what: string): Failure => new Failure('usage', `The opencode driver ${what}.`)

function urlOf(value: unknown): string {
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw usage('needs the URL of its server, for example: --driver opencode --url http://127.0.0.1:4096')
  if (url.username !== '' || url.password !== '')
    throw usage(
      'takes no credentials in its URL; set password, for example {"env":"OPENCODE_SERVER_PASSWORD"}',
    )
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

export const isSessionId = (value: unknown): value is string =>
  typeof value === 'string' && /^ses_\w{1,100}$/.test(value)

const isUser = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x20-\x39\x3b-\x7e]+$/.test(value)

const isVariable = (value: unknown): value is { readonly env: string } =>
  typeof value === 'object' &&
  value !== null &&
  'env' in value &&
  typeof value.env === 'string' &&
  /^[A-Za-z_]\w*$/.test(value.env)
