import { openAdminToken } from '../auth/keys.ts'
import type { ServerClient } from '../cli/context.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import { openHome } from './home.ts'
import { runningUrl } from './server-file.ts'

/** A client of the running server of a home, with its admin token. Throws `unreachable` when no server runs. */
export async function serverClient(root: string): Promise<ServerClient> {
  const home = openHome(root)
  const url = runningUrl(home)
  if (url === undefined) throw unreachable('no server of this home is running')
  const token = openAdminToken(home.keysDir)
  return {
    url,
    request: async (method, path, { body, signal } = {}) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const headers = {
        authorization: `Bearer ${token}`,
        ...(text !== undefined && { 'content-type': 'application/json' }),
      }
      const request = {
        method,
        headers,
        ...(text !== undefined && { body: text }),
        ...(signal && { signal }),
      }
      const address = `${url}${path}`
      const response = await (url.startsWith('https:') ? sendOverTls : send)(address, request).catch(refuse)
      return { status: response.status, body: response.text === '' ? undefined : parsed(response.text) }
    },
  }
}

interface ClientRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

interface ClientResponse {
  readonly status: number
  readonly text: string
}

async function send(url: string, request: ClientRequest): Promise<ClientResponse> {
  const response = await fetch(url, request)
  return { status: response.status, text: await response.text() }
}

/**
 * The certificate is not verified: it names the server as the world knows it, or was signed by nobody. This connection
 * does not leave the machine, and its address stands in a file that only this user can write.
 */
async function sendOverTls(url: string, { body, ...order }: ClientRequest): Promise<ClientResponse> {
  const { request } = await import('node:https')
  return new Promise((resolve, reject) => {
    const sending = request(url, { ...order, rejectUnauthorized: false, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      )
    })
    sending.on('error', reject)
    sending.end(body)
  })
}

function refuse(cause: unknown): never {
  throw unreachable(reasonOf(cause))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const unreachable = (why: string): Failure =>
  new Failure('unreachable', `The server cannot be reached: ${why}. Start it with: postern serve`)
