import { lookup } from 'node:dns/promises'
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { literalAddress, type MayCall } from '../auth/addresses.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import { whenAborted } from '../wait.ts'

/**
 * The address to call for a URL, or undefined when that is not allowed: the name is resolved once, and every address it
 * has must be allowed. Rejects when `signal` aborts before the name is resolved.
 */
export async function allowedAddress(
  url: URL,
  mayCall: MayCall,
  signal: AbortSignal,
): Promise<string | undefined> {
  const literal = literalAddress(url)
  const addresses = literal === undefined ? await addressesOf(url.hostname, signal) : [literal]
  return addresses.length > 0 && addresses.every((address) => mayCall(address, url.hostname))
    ? addresses[0]
    : undefined
}

/** The system's resolver takes no signal and may take a minute; its answer is then no longer waited for. */
async function addressesOf(hostname: string, signal: AbortSignal): Promise<readonly string[]> {
  const resolved = lookup(hostname, { all: true })
  const aborted = whenAborted(signal)
  try {
    const found = await Promise.race([resolved, aborted.promise])
    if (found === undefined) throw new Error(`the name ${hostname} was not resolved in time`)
    return found.map(({ address }) => address)
  } finally {
    aborted.disarm()
    resolved.catch(() => {})
  }
}

export interface GuardedRequest {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

/**
 * Resolves with the head of the answer. The connection goes to the very address that was allowed, so that a name that
 * changes its mind (DNS rebinding) reaches nothing. Redirects are not followed.
 */
export function requestAt(
  url: URL,
  address: string,
  { method, headers, body, signal }: GuardedRequest,
): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:'
  const options: RequestOptions & { servername?: string } = {
    host: address,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method,
    headers: { ...headers, host: url.host },
    signal,
    agent: false,
    ...(literalAddress(url) === undefined && { servername: url.hostname }),
  }
  return new Promise((answered, failed) => {
    const sending = secure ? requestHttps(options, answered) : requestHttp(options, answered)
    sending.on('error', failed)
    sending.end(body)
  })
}

export interface GuardedGetDeps {
  readonly mayCall: MayCall
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** GETs a body: undefined unless the answer is 2xx and not too long. Throws `unreachable` when nothing answers in time. */
export const createGuardedGet =
  ({ mayCall, timeoutMs, maxBytes }: GuardedGetDeps) =>
  async (url: URL): Promise<Uint8Array | undefined> => {
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const address = await allowedAddress(url, mayCall, signal)
      if (address === undefined) return undefined
      const headers = { 'user-agent': 'postern', accept: '*/*' }
      const response = await requestAt(url, address, { method: 'GET', headers, body: '', signal })
      return await bodyOf(response, maxBytes)
    } catch (cause) {
      throw new Failure('unreachable', `${url.hostname} does not answer: ${reasonOf(cause)}`, {
        ...{ cause, plain: 'An address that is needed to verify this does not answer.' },
      })
    }
  }

async function bodyOf(response: IncomingMessage, maxBytes: number): Promise<Uint8Array | undefined> {
  const { statusCode = 0 } = response
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response) {
    size += chunk.length
    if (size > maxBytes) break
    chunks.push(chunk)
  }
  response.destroy()
  return statusCode >= 200 && statusCode < 300 && size <= maxBytes ? Buffer.concat(chunks) : undefined
}
