import { connect } from 'node:net'
import { reasonOf } from '../../domain/error.ts'

export interface HttpRequest {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Most of a response that is read; the rest is let go. 1 MiB. */
  readonly maxBytes?: number
}

/** What became of a request. `away`: the connection was not taken, so nothing was sent. */
export type Response =
  | { readonly kind: 'answered'; readonly head: Head; readonly text: string }
  | { readonly kind: 'away'; readonly why: string }
  | { readonly kind: 'broken'; readonly why: string }
  | { readonly kind: 'cut' }

export interface Head {
  readonly status: number
  readonly contentType: string
  readonly retryAfter: string | undefined
}

const maxResponseBytes = 1_048_576

/** Sends one request and reads the answer; follows no redirects, which would send the message elsewhere. */
export async function request(
  { url, method, headers, body, maxBytes = maxResponseBytes }: HttpRequest,
  signal: AbortSignal,
  began: (head: Head) => void,
): Promise<Response> {
  try {
    const response = await fetch(url, {
      ...{ method, headers, signal },
      ...(body !== undefined && { body }),
      redirect: 'manual',
    })
    const head: Head = {
      status: response.status,
      contentType: response.headers.get('content-type') ?? '',
      retryAfter: response.headers.get('retry-after') ?? undefined,
    }
    began(head)
    return { kind: 'answered', head, text: await textOf(response, maxBytes) }
  } catch (thrown) {
    if (signal.aborted) return { kind: 'cut' }
    const why = whole(thrown)
    return { kind: nobodyThere.test(why) ? 'away' : 'broken', why: connectionText(why) }
  }
}

async function textOf(response: globalThis.Response, maxBytes: number): Promise<string> {
  if (!response.body) return ''
  const chunks: Uint8Array[] = []
  let length = 0
  // Leaving the loop lets go of the connection.
  for await (const chunk of response.body) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= maxBytes) break
  }
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, maxBytes), { stream: true })
}

/** As Bun, Deno and the system each call it. */
const nobodyThere =
  /ECONNREFUSED|ConnectionRefused|connection refused|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|FailedToOpenSocket|unreachable|dns error|failed to lookup|unable to connect/i

/** The code and every cause: runtimes hide the reason at different places. */
function whole(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const code = 'code' in thrown ? ` ${String(thrown.code)}` : ''
  return `${thrown.message}${code}${thrown.cause === undefined ? '' : ` ${whole(thrown.cause)}`}`
}

/** Runtimes put the address into it, and an address may hold a secret. */
const connectionText = (why: string): string =>
  nobodyThere.test(why) ? 'nobody answers at its address' : 'the connection to its address broke'

const probeMs = 2000

/** Whether the address takes connections, without sending anything. Undefined when it does, else why not. */
export function probe(address: string, signal: AbortSignal): Promise<string | undefined> {
  const { hostname, port, protocol } = new URL(address)
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port || (protocol === 'https:' ? 443 : 80)) })
    const done = (why: string | undefined) => {
      signal.removeEventListener('abort', given)
      socket.destroy()
      resolve(why)
    }
    const given = () => done('nobody answers at its address in time')
    socket.setTimeout(probeMs, given)
    socket.once('connect', () => done(undefined))
    socket.once('error', (thrown) => done(connectionText(reasonOf(thrown) || 'ECONNREFUSED')))
    signal.addEventListener('abort', given)
    if (signal.aborted) given()
  })
}
