export interface Address {
  readonly host: string
  readonly port: number
  readonly publicUrl?: string
  readonly tls?: object
}

/**
 * Where the world reaches the server, without a trailing slash: the public URL if one is configured, else where a
 * running server listens, else where it would. A wildcard address is spelled as loopback.
 */
export function baseUrl(server: Address, runningUrl?: string): string {
  const url = server.publicUrl ?? runningUrl ?? listeningUrl(server)
  return url.replace(/\/+$/, '')
}

/** The whole key: whoever holds it can do the one thing it permits. */
export const webhookUrl = (base: string, token: string): string => `${base}/hook/${token}`

function listeningUrl({ host, port, tls }: Address): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${tls ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}`
}
