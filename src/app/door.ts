import type { ServerAnswer, ServerDoor } from '../cli/io.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import { openAdminToken } from '../locks/keys.ts'
import { openHome } from './home.ts'
import { runningUrl } from './keeper.ts'

/** The running server of a home, asked with its admin token. Throws `unreachable` when none answers. */
export async function serverDoor(root: string): Promise<ServerDoor> {
  const home = openHome(root)
  const url = runningUrl(home)
  if (url === undefined) throw unreachable('no server of this home is running')
  const token = openAdminToken(home.keysDir)
  return {
    url,
    request: async (method, path, { body, signal } = {}) => {
      const init = {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      }
      return answerOf(await ask(`${url}${path}`, init))
    },
  }
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    throw unreachable(reasonOf(cause))
  }
}

async function answerOf(response: Response): Promise<ServerAnswer> {
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : parsed(text) }
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
