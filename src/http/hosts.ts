import { isIP } from 'node:net'
import { isInBlock } from '../auth/addresses.ts'
import { Failure } from '../domain/error.ts'

/** Which names this server answers to. */
export interface Hosts {
  /** Throws `host_not_allowed` for a Host that is not ours (DNS rebinding), `origin_not_allowed` for a foreign page. */
  check(request: Request): void
  /** The same for a form of a page that sends no referrer: browsers name no origin with it. */
  checkForm(request: Request): void
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']

/**
 * `names` are host names without port, from the configuration and the public URL; loopback names always count.
 * `authorityOf` tells the authority of an absolute-form target, which counts like the Host.
 */
export function createHosts(
  names: () => readonly string[],
  authorityOf: (request: Request) => string | undefined = () => undefined,
): Hosts {
  const ours = createJudge(names)
  const checkHost = (request: Request) => {
    const host = request.headers.get('host')
    const authority = authorityOf(request)
    if (host === null || !ours(host) || (authority !== undefined && !ours(authority)))
      throw new Failure(
        'host_not_allowed',
        'This server does not answer to that Host. Add it to server.allowedHosts or server.publicUrl.',
      )
  }
  const checkOrigin = (origin: string | null) => {
    if (origin !== null && !isOurs(originHost(origin), names()))
      throw new Failure('origin_not_allowed', 'Requests from pages of other sites are refused.')
  }
  return {
    check(request) {
      checkHost(request)
      checkOrigin(request.headers.get('origin'))
    },
    checkForm(request) {
      checkHost(request)
      const { headers } = request
      const isOwn = (headers.get('sec-fetch-site') ?? 'same-origin') === 'same-origin'
      checkOrigin(headers.get('origin') === 'null' && isOwn ? null : headers.get('origin'))
    },
  }
}

interface ServerNames {
  readonly host: string
  readonly publicUrl?: string
  readonly allowedHosts: readonly string[]
}

/** The names for `createHosts`: the same list as long as the configuration of the server is the same object. */
export function createHostNames(server: () => ServerNames): () => readonly string[] {
  let configured: ServerNames | undefined
  let names: readonly string[] = []
  return () => {
    if (server() !== configured) {
      configured = server()
      names = namesOf(configured)
    }
    return names
  }
}

const namesOf = ({ host, publicUrl, allowedHosts }: ServerNames): readonly string[] =>
  [
    host.includes(':') ? `[${host}]` : host,
    ...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname]),
    ...allowedHosts,
  ].map((name) => name.toLowerCase())

/** Nearly every request names the same Host: the last good one is remembered as long as the names are the same. */
function createJudge(names: () => readonly string[]): (host: string) => boolean {
  let good: string | undefined
  let under: readonly string[] | undefined
  return (host) => {
    const now = names()
    if (host === good && now === under) return true
    if (!isOurs(hostName(host), now)) return false
    good = host
    under = now
    return true
  }
}

const isOurs = (name: string, names: readonly string[]): boolean =>
  loopbackNames.includes(name) || names.includes(name)

/** Without the port; an IPv6 literal keeps its brackets (RFC 9110 section 7.2). */
const hostName = (host: string): string => host.toLowerCase().replace(/:\d*$/, '')

function originHost(origin: string): string {
  try {
    return new URL(origin).hostname
  } catch {
    return ''
  }
}

/** The address a request really came from: `X-Forwarded-For` counts only from configured proxies. */
export function createPeers(
  trusted: () => readonly string[],
): (request: Request, socketPeer: string) => string {
  return (request, socketPeer) => {
    const proxies = trusted()
    const isProxy = (address: string) => proxies.some((block) => isInBlock(address, block))
    if (!isProxy(socketPeer)) return socketPeer
    const hops = (request.headers.get('x-forwarded-for') ?? '').split(',').map((hop) => hop.trim())
    return hops.findLast((hop) => isIP(hop) !== 0 && !isProxy(hop)) ?? socketPeer
  }
}

/** Asks once for each request: when its connection is closed nobody can tell any more. */
export function remembered(peerOf: (request: Request) => string): (request: Request) => string {
  const known = new WeakMap<Request, string>()
  return (request) => {
    const peer = known.get(request) ?? peerOf(request)
    known.set(request, peer)
    return peer
  }
}
