import type { IncomingMessage } from 'node:http'
import type { RequestOptions } from 'node:https'
import { text } from 'node:stream/consumers'
import { givenAdminToken, openAdminToken } from '../auth/admin-token.ts'
import type { ServerAnswer, ServerClient } from '../cli/context.ts'
import type { Capability } from '../domain/capability.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import { type Home, homeAt } from '../domain/home.ts'
import { adminTokenVariable } from '../domain/key-variables.ts'
import type { AgentClient } from '../mcp/agent-client.ts'
import { ownHome } from './home.ts'
import { joinedDoor } from './joined-door.ts'
import { type Env, notGiven } from './key-source.ts'
import { isGiven, runningUrl } from './server-file.ts'

/** A client of the running server of a home, with its admin token. Throws `unreachable` when no server runs. */
export async function serverClient(env: Env, root: string): Promise<ServerClient> {
  const home = ownHome(root)
  const joined = joinedDoor(home)
  if (joined) return (await import('./link-home.ts')).linkedServer(joined)
  const url = requireRunning(home)
  return { url, request: requests(ownDoor(url), adminTokenFor(env, home)) }
}

/** As its running server has it: that one's environment may not be ours. */
function adminTokenFor(env: Env, home: Home): string {
  if (!isGiven(home, adminTokenVariable)) return openAdminToken(home.keysDir)
  const token = givenAdminToken(env)
  if (token !== undefined) return token
  throw notGiven(adminTokenVariable)
}

/** Requests with the capability of an agent. Rejects with `unreachable` while no server of its home runs. */
export const agentClient =
  ({ home, token }: Capability): AgentClient =>
  async ({ method, path, body }) =>
    requests(agentDoor(homeAt(home)), token)(method, path, { body })

/** Where agents of a home ask: the door that it has joined, or its own. */
function agentDoor(home: Home): Door {
  const joined = joinedDoor(home)
  if (!joined) return ownDoor(requireRunning(home))
  const { url, ca } = joined
  const away = (why: string) =>
    new Failure(
      'unreachable',
      `The door at ${url} cannot be reached: ${why}. It is on another machine: try again in a minute.`,
    )
  return { url, trust: ca === undefined ? {} : { ca }, away, withinMs: farMs }
}

/** How long a door on another machine may take: a network that swallows everything never answers. Milliseconds. */
const farMs = 30_000

interface Door {
  readonly url: string
  readonly trust: Pick<RequestOptions, 'ca' | 'rejectUnauthorized'>
  /** What is thrown when it does not answer. */
  readonly away: (why: string) => Failure
  readonly withinMs?: number
}

function requireRunning(home: Home): string {
  const url = runningUrl(home)
  if (url === undefined) throw unreachable('no server of this home is running')
  return url
}

const requests =
  (door: Door, token: string): ServerClient['request'] =>
  (method, path, { body, signal } = {}) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const patience = door.withinMs === undefined ? undefined : AbortSignal.timeout(door.withinMs)
    const signals = [signal, patience].filter((one) => one !== undefined)
    const options = { method, headers, ...door.trust, signal: AbortSignal.any(signals) }
    return send(`${door.url}${path}`, options, body).catch((thrown: unknown) => {
      throw door.away(patience?.aborted ? 'it does not answer' : reasonOf(thrown))
    })
  }

/**
 * The certificate of this machine's own server is not verified: it names the server by its public name, or is self-signed. That
 * connection does not leave the machine, and its address stands in a file that only this user can write.
 */
const ownDoor = (url: string): Door => ({ url, trust: { rejectUnauthorized: false }, away: unreachable })

async function send(url: string, options: RequestOptions, body: unknown): Promise<ServerAnswer> {
  const response = await exchange(url, options, body === undefined ? undefined : JSON.stringify(body))
  return { status: response.statusCode ?? 0, body: parsed(await text(response)) }
}

async function exchange(
  url: string,
  options: RequestOptions,
  body: string | Uint8Array | undefined,
): Promise<IncomingMessage> {
  const { request } = await (url.startsWith('https:') ? import('node:https') : import('node:http'))
  const sending = request(url, { ...options, agent: false })
  return new Promise((resolve, reject) => {
    sending.on('response', resolve)
    sending.on('error', reject)
    sending.end(body)
  })
}

const postMs = 60_000

/** Posts to this very server from outside. Throws `unreachable`. */
export async function postToDoor(url: string, headers: Readonly<Record<string, string>>, body: Uint8Array) {
  try {
    const signal = AbortSignal.timeout(postMs)
    const options = { method: 'POST', headers: { ...headers }, rejectUnauthorized: false, signal }
    const response = await exchange(url, options, body)
    const answer = await text(response)
    const kept = (name: string) => response.headers[name]?.toString()
    return {
      status: response.statusCode ?? 0,
      headers: { 'idempotency-replayed': kept('idempotency-replayed') },
      body: parsed(answer) ?? answer,
    }
  } catch (thrown) {
    return refuse(thrown)
  }
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
