import { X509Certificate } from 'node:crypto'
import { Failure } from '../domain/error.ts'

/** What schemes may ask of the network. */
export interface Network {
  /**
   * GETs a public address: no redirects, bounded in size and time. Undefined unless it answers 2xx; throws
   * `unreachable` when nothing answers.
   */
  readonly get: (url: URL) => Promise<Uint8Array | undefined>
  /**
   * The certificate in PEM at an address, fetched once and remembered. Undefined when there is none; throws `unreachable`,
   * or `rate_limited` when too many others are being fetched. `now` in Unix milliseconds.
   */
  readonly certificate: (url: URL, now: number) => Promise<X509Certificate | undefined>
}

/** Nothing answers: for who verifies what needs no network. */
export const offline: Network = { get: async () => undefined, certificate: async () => undefined }

const mostKnown = 32
const mostMissing = 256
const mostAtOnce = 4
/** How long an address where there was no certificate is not asked again. */
const missingMs = 60_000

export function createNetwork(get: Network['get']): Network {
  const known = new Map<string, X509Certificate>()
  const missing = new Map<string, number>()
  const fetching = new Map<string, Promise<X509Certificate | undefined>>()

  async function fetched({ href }: URL, now: number): Promise<X509Certificate | undefined> {
    try {
      const certificate = certificateIn(await get(new URL(href)).catch(unavailable))
      if (certificate) remember(known, href, certificate, mostKnown)
      else remember(missing, href, now + missingMs, mostMissing)
      return certificate
    } finally {
      fetching.delete(href)
    }
  }

  return {
    get,
    certificate: async (url, now) => {
      const found = known.get(url.href)
      if (found || (missing.get(url.href) ?? 0) > now) return found
      const underWay = fetching.get(url.href)
      if (underWay) return underWay
      if (fetching.size >= mostAtOnce)
        throw new Failure('rate_limited', 'Too many certificates are being fetched.', { retryAfterMs: 1000 })
      const begun = fetched(url, now)
      fetching.set(url.href, begun)
      return begun
    },
  }
}

/** Who asks has proved nothing yet, and learns nothing of this network. */
function unavailable(cause: unknown): never {
  throw new Failure('unreachable', 'The certificate of the sender is not to be had now.', { cause })
}

function certificateIn(pem: Uint8Array | undefined): X509Certificate | undefined {
  try {
    return pem && new X509Certificate(pem)
  } catch {
    return undefined
  }
}

/** The oldest goes when there are too many. */
function remember<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
}
