import { isIP } from 'node:net'
import { isInBlock } from '../auth/address.ts'

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
