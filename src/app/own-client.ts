import type { Io, ServerClient } from '../cli/context.ts'
import { type Capability, selfVariable } from '../domain/capability.ts'
import { Failure } from '../domain/error.ts'
import { ancestors } from '../drivers/process/ancestors.ts'
import { firstCapability, sessionByDescent } from '../manage/own-session.ts'
import { readSelfFile } from '../manage/self-file.ts'
import type { AgentClient, ClientAnswer } from '../mcp/agent-client.ts'
import { agentClient } from './server-client.ts'

/** How this process speaks for the session of the agent that started it. Looked up at the first request, and when it opens no more. */
export function createOwnClient(io: OwnIo, root: string): AgentClient {
  let known: Capability | undefined
  return async (request) => {
    const first = known ?? (await findOwn(io, root))
    known = first
    const answer = await agentClient(first)(request)
    if (!isRefused(answer) || (await isGood(first))) return answer
    // Written anew meanwhile, or the agent is in another session by now.
    known = undefined
    const second = await findOwn(io, root)
    if (second.token === first.token || !(await isGood(second))) throw over()
    known = second
    return agentClient(second)(request)
  }
}

/** The same for a command. */
export function ownRequest(io: OwnIo, root: string): ServerClient['request'] {
  const client = createOwnClient(io, root)
  return (method, path, { body } = {}) => client({ method, path, ...(body !== undefined && { body }) })
}

type OwnIo = Pick<Io, 'env' | 'openHome'>

const isRefused = ({ status }: ClientAnswer): boolean => status === 401 || status === 403

/** What is refused to a capability that is good is another session's, or not there. */
const isGood = async (capability: Capability): Promise<boolean> =>
  !isRefused(await agentClient(capability)({ method: 'GET', path: '/agent/self' }))

/**
 * The capability of the session in whose agent this process runs: named by its own environment, by that of the nearest ancestor, or
 * found by descent from the process of a session. Throws `session_missing` outside of every session, `session_ended` in one that is over.
 */
async function findOwn(io: OwnIo, root: string): Promise<Capability> {
  const above = await ancestors()
  const named = [io.env, ...above.map(({ env }) => env)].flatMap((env) => env[selfVariable] ?? [])
  const found = (await firstCapability(named)) ?? (await byDescent(io, root, above))
  if (found) return found
  throw named.length > 0 ? over() : outside()
}

async function byDescent(
  io: OwnIo,
  root: string,
  above: Awaited<ReturnType<typeof ancestors>>,
): Promise<Capability | undefined> {
  const home = await io.openHome(root)
  try {
    const deps = { store: home.store, drivers: await home.drivers(), ancestors: above, here: home.host }
    const session = await sessionByDescent(deps)
    return session && (await readSelfFile(await home.selves.open(session)))
  } finally {
    await home.close()
  }
}

const outside = (): Failure =>
  new Failure(
    'session_missing',
    'This agent is not inside a Postern session, so nothing could wake it. Ask the person to start it with: postern run --session <id> -- <agent>, or to add the one that runs with: postern session add (postern doctor shows how).',
  )

const over = (): Failure =>
  new Failure(
    'session_ended',
    'The session that this agent was started in is over: it ended, or was opened anew, and its waits were cancelled. Ask the person to start the agent again with: postern run --session <id> -- <agent>.',
  )
