import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

/** Before 2026-07-28 a connection begins with `initialize`; since then each request says for itself what it speaks. */
export const eras = ['legacy', 'auto'] as const

interface ClientOptions {
  readonly era: (typeof eras)[number]
  readonly headers?: Readonly<Record<string, string>>
  readonly fetch?: (url: string | URL, init?: RequestInit) => Promise<Response>
}

/** The official client, connected. */
export async function connectMcp(url: string, { era, headers = {}, fetch }: ClientOptions): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: era } })
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers },
    ...(fetch && { fetch }),
  })
  await client.connect(transport)
  return client
}
