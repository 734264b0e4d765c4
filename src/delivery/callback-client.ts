import { type MayCall, parseCallbackUrl } from '../auth/addresses.ts'
import { reasonOf } from '../domain/error.ts'
import type { Outcome } from '../domain/outcome.ts'
import { retryAfterMs } from '../domain/retry-policy.ts'
import type { Caller, CallOrder } from './callback.ts'
import { allowedAddress, requestAt } from './guarded-request.ts'

interface CallerDeps {
  readonly allowed: MayCall
  readonly timeoutMs: number
  /** Who is called, in the words of an outcome. */
  readonly whom?: string
}

/** POSTs to a checked address, see `requestAt`. */
export const createCaller = ({ allowed, timeoutMs, whom = 'callback' }: CallerDeps): Caller => ({
  async call(order, signal) {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    try {
      const url = parseCallbackUrl(order.url)
      if (!url) return refused(`the ${whom} URL must be http or https, without credentials`)
      const address = await allowedAddress(url, allowed, bounded)
      return address === undefined
        ? refused(`the ${whom} host "${url.hostname}" is not a public address`)
        : verdict(await post(url, address, order, bounded), whom)
    } catch (thrown) {
      return { kind: 'failed', why: `${whom} failed: ${reasonOf(thrown)}`, retry: true }
    }
  },
})

const refused = (why: string): Outcome => ({ kind: 'failed', why, retry: false })

interface Answered {
  readonly status: number
  readonly retryAfter: string | undefined
}

async function post(url: URL, address: string, order: CallOrder, signal: AbortSignal): Promise<Answered> {
  const { body } = order
  const headers = { ...order.headers, 'content-length': String(Buffer.byteLength(body)) }
  const response = await requestAt(url, address, { method: 'POST', headers, body, signal })
  // The rest of the response is thrown away, and so is an error in it.
  response.on('error', () => {})
  response.resume()
  return { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] }
}

function verdict({ status, retryAfter }: Answered, whom: string): Outcome {
  if (status >= 200 && status < 300) return { kind: 'taken', evidence: 'ack' }
  const why = `${whom} answered ${status}`
  if (status >= 300 && status < 400) return refused(`${why}; redirects are not followed`)
  const passing = status === 408 || status === 425 || status === 429 || status >= 500
  const waitMs = retryAfterMs(retryAfter, Date.now())
  return { kind: 'failed', why, retry: passing, ...(waitMs !== undefined && { retryAfterMs: waitMs }) }
}
