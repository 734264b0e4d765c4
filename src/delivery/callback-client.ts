import { lookup } from 'node:dns/promises'
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { literalAddress, type MayCall, parseCallbackUrl } from '../auth/addresses.ts'
import { reasonOf } from '../domain/error.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Caller, CallOrder } from './callback.ts'

export interface CallerDeps {
  readonly allowed: MayCall
  readonly timeoutMs: number
}

/**
 * POSTs to a checked address: the name is resolved once, every address it has must be allowed, and the connection goes
 * to that very address, so that a name that changes its mind (DNS rebinding) reaches nothing. Redirects are not followed.
 */
export const createCaller = (needs: CallerDeps): Caller => ({
  async call(order, signal) {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(needs.timeoutMs)])
    try {
      const url = parseCallbackUrl(order.url)
      if (!url) return refused('the callback URL must be http or https, without credentials')
      const address = await resolve(url, needs)
      return address === undefined
        ? refused(`the callback host "${url.hostname}" is not a public address`)
        : verdict(await post(url, address, order, bounded))
    } catch (thrown) {
      return { kind: 'failed', why: `callback failed: ${reasonOf(thrown)}`, retry: true }
    }
  },
})

const refused = (why: string): Outcome => ({ kind: 'failed', why, retry: false })

async function resolve(url: URL, needs: CallerDeps): Promise<string | undefined> {
  const literal = literalAddress(url)
  const addresses =
    literal === undefined
      ? (await lookup(url.hostname, { all: true })).map(({ address }) => address)
      : [literal]
  return addresses.length > 0 && addresses.every((address) => needs.allowed(address, url.hostname))
    ? addresses[0]
    : undefined
}

interface Answered {
  readonly status: number
  readonly retryAfter: string | undefined
}

function post(url: URL, address: string, order: CallOrder, signal: AbortSignal): Promise<Answered> {
  const secure = url.protocol === 'https:'
  const options = {
    host: address,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method: 'POST',
    headers: { ...order.headers, host: url.host, 'content-length': String(Buffer.byteLength(order.body)) },
    signal,
    agent: false,
    ...(literalAddress(url) === undefined && { servername: url.hostname }),
  }
  return new Promise((answered, failed) => {
    const take = (response: IncomingMessage) => {
      // Nobody reads on, so nobody minds how it ends.
      response.on('error', () => {})
      response.resume()
      answered({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] })
    }
    const sending: ClientRequest = secure ? requestHttps(options, take) : requestHttp(options, take)
    sending.on('error', failed)
    sending.end(order.body)
  })
}

function verdict({ status, retryAfter }: Answered): Outcome {
  if (status >= 200 && status < 300) return { kind: 'taken', evidence: 'ack' }
  const why = `callback answered ${status}`
  if (status >= 300 && status < 400) return refused(`${why}; redirects are not followed`)
  const passing = status === 408 || status === 425 || status === 429 || status >= 500
  const retryAfterMs = retryAfter === undefined ? undefined : retryAfterOf(retryAfter)
  return { kind: 'failed', why, retry: passing, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

const longestRetryAfterMs = 86_400_000

/** Seconds or an HTTP date (RFC 9110 section 10.2.3) in milliseconds from now. */
function retryAfterOf(text: string): number | undefined {
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), longestRetryAfterMs) : undefined
}
