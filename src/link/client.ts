import { Agent as PlainAgent, request as plain } from 'node:http'
import { Agent as SecureAgent, request as secure } from 'node:https'
import { text } from 'node:stream/consumers'
import { type Code, Failure, reasonOf } from '../domain/error.ts'
import { requireDoorUrl } from './door-url.ts'
import { packed, unpacked } from './wire.ts'

/** The door that a host has joined. */
export interface DoorAddress {
  /** Its base URL, without a slash at its end. */
  readonly url: string
  readonly token: string
  /** PEM text of certificates that its own is trusted by, where the system's do not. */
  readonly ca?: string | undefined
}

export interface DoorClient {
  /**
   * Posts to a route below `/api/host/`. Throws the refusal of the door, and `unreachable` when nothing that could be understood came
   * back within `withinMs`: then it is not known whether the door has heard it.
   */
  readonly post: (route: string, value: unknown, options?: PostOptions) => Promise<unknown>
  /** Lets go of every connection: what waits on them is `unreachable`, and what is posted from then on goes by others. */
  readonly leave: () => void
  readonly close: () => void
}

interface PostOptions {
  readonly withinMs?: number
  /** By a connection of its own. */
  readonly apart?: true
  readonly signal?: AbortSignal | undefined
}

const usualMs = 10_000

/** Throws `usage` for an address that would show the token to strangers. */
export function doorClient({ url, token, ca }: DoorAddress): DoorClient {
  const { protocol } = new URL(requireDoorUrl(url))
  const isSecure = protocol === 'https:'
  const newAgent = () =>
    isSecure
      ? new SecureAgent({ keepAlive: true, ...(ca !== undefined && { ca }) })
      : new PlainAgent({ keepAlive: true })
  const send = isSecure ? secure : plain
  const waiting = new Set<(why: unknown) => void>()
  let agent = newAgent()
  const exchange = (route: string, body: string, signal: AbortSignal, apart: boolean) =>
    new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }
      const by = apart ? newAgent() : agent
      const sending = send(`${url}/api/host/${route}`, { method: 'POST', headers, agent: by })
      // Deno's own `signal` of a request does not end one that waits for its answer.
      const giveUp = (why: unknown) => {
        reject(why)
        sending.destroy()
      }
      const leave = () => giveUp(signal.reason)
      signal.addEventListener('abort', leave, { once: true })
      if (signal.aborted) leave()
      if (!apart) waiting.add(giveUp)
      sending.on('error', reject)
      sending.on('close', () => {
        signal.removeEventListener('abort', leave)
        waiting.delete(giveUp)
        if (apart) by.destroy()
      })
      sending.on('response', (response) => {
        response.on('error', reject)
        text(response).then((said) => resolve({ status: response.statusCode ?? 0, body: said }), reject)
      })
      sending.end(body)
    })
  return {
    async post(route, value, { withinMs = usualMs, apart = false, signal } = {}) {
      const patience = AbortSignal.timeout(withinMs)
      const either = signal ? AbortSignal.any([patience, signal]) : patience
      const answer = await exchange(route, packed(value), either, apart).catch((thrown: unknown) => {
        throw unreachable(
          url,
          patience.aborted ? `it did not answer within ${withinMs / 1000} s` : brokenOff(thrown),
        )
      })
      if (answer.status === 200) return understood(url, answer.body)
      throw refusalIn(url, route, answer)
    },
    leave() {
      const before = agent
      agent = newAgent()
      for (const giveUp of waiting) giveUp(new Error('the connection answers no more'))
      before.destroy()
    },
    close: () => agent.destroy(),
  }
}

function understood(url: string, body: string): unknown {
  try {
    return unpacked(body)
  } catch {
    throw unreachable(url, 'what answers there is no door of Postern, or one of another version')
  }
}

function refusalIn(
  url: string,
  route: string,
  { status, body }: { readonly status: number; readonly body: string },
): Failure {
  const { code, detail } = problemIn(body)
  if (code === 'unauthorized')
    return new Failure(
      'unauthorized',
      `The door at ${url} does not know this host's token: it was revoked, rotated or mistyped. There: postern hosts ls`,
    )
  if (code === undefined || detail === undefined) return unreachable(url, `it answered ${status}`)
  if (code === 'not_found' && route === 'hello')
    return new Failure(
      'not_found',
      `No door answers at ${url}: there is a Postern, but nothing for hosts at this path. Give the address under which it is reached, and nothing behind that.`,
    )
  return new Failure(code as Code, detail)
}

function problemIn(body: string): { readonly code?: string; readonly detail?: string } {
  try {
    const { code, detail } = JSON.parse(body) as { readonly code?: unknown; readonly detail?: unknown }
    return typeof code === 'string' && typeof detail === 'string' ? { code, detail } : {}
  } catch {
    return {}
  }
}

/** OpenSSL and rustls each have words of their own for an answer without TLS. */
const brokenOff = (thrown: unknown): string => {
  const why = reasonOf(thrown)
  return /wrong.version.number|InvalidContentType/i.test(why)
    ? 'what answers there speaks no TLS, as behind http:// instead of https://'
    : why
}

const unreachable = (url: string, why: string): Failure =>
  new Failure('unreachable', `The door at ${url} cannot be reached: ${why}.`)
