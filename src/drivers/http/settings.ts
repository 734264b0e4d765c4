import { Failure } from '../../domain/error.ts'
import type { DriverSettings } from '../../domain/session.ts'

export interface HttpSettings {
  readonly url: string
  readonly method: 'POST' | 'PUT' | 'PATCH'
  /** A value of `{ "env": NAME }` is read from the server's environment, so that no secret is stored. */
  readonly headers: Readonly<Record<string, HeaderValue>>
  /** Mustache over `message`, `deliveryId`, `session`; their values are escaped in JSON bodies. */
  readonly body?: string
  /** JSON pointer (RFC 6901) to the answer in the response. */
  readonly answerPointer?: string
  /** Statuses; each list replaces its default. */
  readonly accepted?: readonly number[]
  readonly busy?: readonly number[]
  readonly ended?: readonly number[]
  readonly timeoutMs: number
}

type HeaderValue = string | { readonly env: string }

const defaultTimeoutMs = 120_000
/** Beyond it runtimes give up by themselves. */
const maxTimeoutMs = 300_000

/** Settings as a person gave them, completed. Throws `usage` naming what is wrong. */
export function prepareHttp(settings: DriverSettings): HttpSettings {
  for (const name of Object.keys(settings)) if (!known.includes(name)) throw usage(`has no setting "${name}"`)
  const { answerPointer, timeoutMs = defaultTimeoutMs } = settings
  const body = bodyOf(settings.body)
  if (answerPointer !== undefined && !isPointer(answerPointer))
    throw usage('needs answerPointer as a JSON pointer, for example /choices/0/text')
  if (!isDuration(timeoutMs)) throw usage(`needs timeoutMs as whole milliseconds, 1 to ${maxTimeoutMs}`)
  return {
    url: urlOf(settings.url),
    method: methodOf(settings.method),
    headers: headersOf(settings.headers),
    ...(body !== undefined && { body }),
    ...(answerPointer !== undefined && { answerPointer }),
    ...statusesOf(settings),
    timeoutMs,
  }
}

const lists = ['accepted', 'busy', 'ended'] as const
const known: readonly string[] = ['url', 'method', 'headers', 'body', 'answerPointer', 'timeoutMs', ...lists]

const usage = (what: string): Failure => new Failure('usage', `The http driver ${what}.`)

function urlOf(value: unknown): string {
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw usage('needs a URL, for example: --driver http --url http://127.0.0.1:9000/messages')
  if (url.username !== '' || url.password !== '')
    throw usage(
      'takes no credentials in its URL; set headers, for example {"Authorization":{"env":"BOT_TOKEN"}}',
    )
  url.hash = ''
  return url.href
}

/** On the command line a template of JSON is JSON itself. */
function bodyOf(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  if (typeof value === 'object' && value !== null) return JSON.stringify(value)
  throw usage('needs body as a template, for example {"prompt":"{{message}}"}')
}

function methodOf(value: unknown): HttpSettings['method'] {
  const method = value === undefined ? 'POST' : String(value).toUpperCase()
  if (method === 'POST' || method === 'PUT' || method === 'PATCH') return method
  throw usage('needs method as POST, PUT or PATCH')
}

function headersOf(value: unknown): HttpSettings['headers'] {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw usage('needs headers as an object')
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => [headerName(name), headerValue(name, held)]),
  )
}

function headerName(name: string): string {
  const lower = name.toLowerCase()
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw usage(`needs a header's name instead of "${name}"`)
  if (reservedHeaders.has(lower)) throw usage(`sets the header "${lower}" itself`)
  return lower
}

const reservedHeaders: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
])

function headerValue(name: string, value: unknown): HeaderValue {
  if (isHeaderText(value)) return value
  if (typeof value === 'object' && value !== null && 'env' in value && isName(value.env))
    return { env: value.env }
  throw usage(`needs the header "${name}" as a text or as {"env":"NAME"}`)
}

/** What may stand in a header (RFC 9110, field values), in Latin letters. */
export const isHeaderText = (value: unknown): value is string =>
  typeof value === 'string' && /^[\t\x20-\x7e]*$/.test(value)

const isName = (value: unknown): value is string => typeof value === 'string' && /^[A-Za-z_]\w*$/.test(value)

const isPointer = (value: unknown): value is string =>
  typeof value === 'string' && /^(?:\/(?:[^~/]|~[01])*)*$/.test(value)

const isDuration = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= maxTimeoutMs

function statusesOf(settings: DriverSettings): Pick<HttpSettings, (typeof lists)[number]> {
  const given = lists.filter((name) => settings[name] !== undefined)
  return Object.fromEntries(given.map((name) => [name, statusList(name, settings[name])]))
}

function statusList(name: string, value: unknown): readonly number[] {
  if (Array.isArray(value) && value.every(isStatus)) return value
  throw usage(`needs ${name} as a list of HTTP statuses, for example [200,202]`)
}

const isStatus = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599
