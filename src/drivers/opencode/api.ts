import { oneLine } from '../../domain/one-line.ts'
import { type HttpRequest, request } from '../http/request.ts'
import { isObject, type Json, parseJson, textAt } from '../json.ts'
import type { OpencodeSettings } from './settings.ts'

/** What became of a request. */
export type Reply =
  | { readonly kind: 'done'; readonly body: Json | undefined }
  /** opencode itself answers that it does not know what was asked for. */
  | { readonly kind: 'unknown'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string; readonly status: number }
  /** Nothing was sent or taken: nothing listens there, something else does, or the password is wrong. */
  | { readonly kind: 'away'; readonly why: string }
  /** The request was sent, and no answer came: it may have been taken. */
  | { readonly kind: 'broken'; readonly why: string }

export interface Api {
  get(path: string, query: Query, signal: AbortSignal): Promise<Reply>
  post(path: string, query: Query, body: Json, signal: AbortSignal): Promise<Reply>
  /** For what is not read as one answer. A text: which credential has no value. */
  headers(): Readonly<Record<string, string>> | string
  urlOf(path: string, query: Query): string
}

type Query = Readonly<Record<string, string | undefined>>

/** Conversations with large tool outputs. */
const maxBytes = 33_554_432
/** A server is asked for what it has at hand; to begin something may take it longer, when it does so first. */
const [answerMs, beginMs] = [5000, 30_000]

export function createApi(
  { url, username, password }: OpencodeSettings,
  env: Readonly<Record<string, string | undefined>>,
): Api {
  const urlOf = (path: string, query: Query) => {
    const given = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    )
    return `${url}${path}${given.length > 0 ? `?${new URLSearchParams(given)}` : ''}`
  }
  const headers = () => headersFor(username, password.env, env[password.env])
  const call = async (
    wanted: Omit<HttpRequest, 'headers'>,
    signal: AbortSignal,
    ms: number,
  ): Promise<Reply> => {
    const sent = headers()
    if (typeof sent === 'string') return { kind: 'away', why: sent }
    if (signal.aborted) return { kind: 'away', why: 'let go before anything was sent' }
    const patience = AbortSignal.any([signal, AbortSignal.timeout(ms)])
    const response = await request({ ...wanted, headers: sent, maxBytes }, patience, () => {})
    if (response.kind === 'away') return response
    if (response.kind === 'broken') return response
    if (response.kind === 'cut') return { kind: 'broken', why: 'its server does not answer in time' }
    return replyOf(response.head.status, parseJson(response.text))
  }
  return {
    get: (path, query, signal) => call({ method: 'GET', url: urlOf(path, query) }, signal, answerMs),
    post: (path, query, body, signal) =>
      call({ method: 'POST', url: urlOf(path, query), body: JSON.stringify(body) }, signal, beginMs),
    headers,
    urlOf,
  }
}

/** Only a variable that was named must be there: a server without a password needs none. */
function headersFor(
  username: string,
  name: string,
  password: string | undefined,
): Readonly<Record<string, string>> | string {
  const plain = { 'content-type': 'application/json', 'user-agent': 'postern' }
  if (password === undefined && name !== 'OPENCODE_SERVER_PASSWORD')
    return `the server's environment has no ${name} for its password`
  if (password === undefined) return plain
  const credentials = Buffer.from(`${username}:${password}`).toString('base64')
  return { ...plain, authorization: `Basic ${credentials}` }
}

function replyOf(status: number, body: Json | undefined): Reply {
  if (status >= 200 && status < 300) return { kind: 'done', body }
  if (status === 401 || status === 403) return { kind: 'away', why: 'its server refuses the password' }
  const why = errorText(body) ?? `it answers ${status}`
  const error = textAt(body, 'name') ?? textAt(body, '_tag') ?? ''
  if (status === 404 && error.endsWith('NotFoundError')) return { kind: 'unknown', why }
  if (status === 404) return { kind: 'away', why: 'what answers at its address is no opencode server' }
  return { kind: 'refused', why, status }
}

/** The message of an opencode error, in whichever of its shapes; one line. */
export function errorText(error: Json | undefined): string | undefined {
  if (!isObject(error)) return undefined
  const text =
    textAt(error, 'data', 'message') ??
    textAt(error, 'message') ??
    textAt(error, 'name') ??
    textAt(error, '_tag')
  return text && oneLine(text)
}
