import { Elysia } from 'elysia'
import { Failure } from '../../domain/error.ts'
import { forbidden } from '../../domain/grant.ts'
import type { Session } from '../../domain/session.ts'
import type { AgentCheck } from '../agent-check.ts'
import { readBody, unpacked } from '../body.ts'
import { guarded, type RequestGuard } from '../guard.ts'
import { McpMessage } from '../models/agent.ts'
import { bodyOf, operation } from '../openapi/operation.ts'

interface McpDeps {
  readonly agent: AgentCheck
  /** Answers one message of that session's agent, which it brings with it; `request` is the one that came. */
  readonly serve: (message: Request, self: Session, request: Request) => Promise<Response>
}

/** As much as the MCP library takes by itself. */
const maxBodyBytes = 4 * 1024 * 1024

/** `/mcp`: the tools of `postern mcp` by Streamable HTTP, stateless, for who holds the capability of an agent in a session. */
export function mcpRoutes({ agent, serve }: McpDeps, guard: RequestGuard) {
  return new Elysia().post(
    '/mcp',
    ({ request }) =>
      guarded(guard, request, async () => {
        const self = await agent(request).catch(refuse)
        return unkept(await serve(await whole(request), self, request))
      }),
    { parse: 'none', detail },
  )
}

/** Who shows another credential is not asked for a better one: clients would look for somewhere to log in. */
function refuse(thrown: unknown): never {
  if (thrown instanceof Failure && thrown.code === 'unauthorized' && thrown.extra.guess)
    throw forbidden(thrown.extra)
  throw thrown
}

/** The same request with all of its body, which was read within bounds. */
async function whole(request: Request): Promise<Request> {
  const bytes = await unpacked(request, await readBody(request, maxBodyBytes), maxBodyBytes)
  const headers = new Headers(request.headers)
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name)
  return new Request('http://localhost/mcp', { method: 'POST', headers, body: new Uint8Array(bytes) })
}

function unkept(response: Response): Response {
  response.headers.set('cache-control', 'no-store')
  return response
}

const detail = operation({
  ...{ tag: 'Agents', id: 'mcp', summary: 'The tools of an agent, by MCP', by: ['agentToken'] },
  description:
    'With the capability of an agent, for its own session alone. Streamable HTTP without sessions, in the protocol of 2026-07-28 and those before; what is wrong with a message is answered as a JSON-RPC error.',
  body: bodyOf(McpMessage),
  answers: { 200: McpMessage },
  refuses: [401, 403, 413, 421, 429],
})
