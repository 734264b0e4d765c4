import { openAdminToken } from '../auth/keys.ts'
import type { ServerClient } from '../cli/context.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import { openHome } from './home.ts'
import { runningUrl } from './local-home.ts'

/** The running server of a home, asked with its admin token. Throws `unreachable` when none answers. */
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
      const order = { method, headers, ...(text !== undefined && { body: text }), ...(signal && { signal }) }
      const address = `${url}${path}`
      const said = await (url.startsWith('https:') ? askOverTls : ask)(address, order).catch(refuse)
      return { status: said.status, body: said.text === '' ? undefined : parsed(said.text) }
    },
  }
}

interface Order {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

interface Said {
  readonly status: number
  readonly text: string
}

async function ask(url: string, order: Order): Promise<Said> {
  const response = await fetch(url, order)
  return { status: response.status, text: await response.text() }
}

/**
 * The certificate is not verified: it names the server as the world knows it, or was signed by nobody. This connection
 * does not leave the machine, and its address stands in a file that only this user can write.
 */
async function askOverTls(url: string, { body, ...order }: Order): Promise<Said> {
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
