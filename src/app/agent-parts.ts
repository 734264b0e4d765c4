import type { Session } from '../domain/session.ts'
import { type AgentCheck, createAgentCheck } from '../http/agent-check.ts'
import type { RequestGuard } from '../http/guard.ts'
import { agentRoutes } from '../http/routes/agent.ts'
import { mcpRoutes } from '../http/routes/mcp.ts'
import { createServer } from '../http/server.ts'
import type { AgentClient } from '../mcp/agent-client.ts'
import { createCheckWatches } from '../mcp/check-watch.ts'
import { createAgentActions } from './admin-actions.ts'
import { guardInside, requestInside } from './inside.ts'
import type { Pipeline, ServerDeps } from './pipeline.ts'

type RoutesDeps = Parameters<typeof agentRoutes>[0]

interface AgentPartsDeps extends ServerDeps {
  readonly version: string
  /** Spends one failed attempt of the peer; milliseconds to wait, or 0. */
  readonly failed: (request: Request) => number
  readonly openWait: RoutesDeps['openWait']
}

/** What an agent does for its own session over HTTP: by requests of its own, and by MCP. */
export function agentParts(deps: AgentPartsDeps, pipeline: Pipeline, guard: RequestGuard) {
  const { failed, openWait, version, clock } = deps
  const { sessionOf, ...actions } = createAgentActions(deps, pipeline)
  const routes = { ...actions, openWait, agent: createAgentCheck({ sessionOf, failed }) }
  const checksOf = createCheckWatches(clock.now)
  let clientFor: ((self: Session, request: Request) => AgentClient) | undefined
  const serve = async (message: Request, self: Session, request: Request) => {
    const { answerMcp } = await import('../mcp/http.ts')
    clientFor ??= createClients(routes, guard)
    const checks = checksOf(self.generation)
    return answerMcp({ version, checks, client: clientFor(self, request) }, message)
  }
  return [agentRoutes(routes, guard), mcpRoutes({ agent: routes.agent, serve }, guard)]
}

/** Clients of the routes below `/agent/` in this process: each asks for that session, and as the peer of that request. */
function createClients(
  routes: RoutesDeps,
  guard: RequestGuard,
): (self: Session, request: Request) => AgentClient {
  const callers = new WeakMap<Request, { readonly self: Session; readonly request: Request }>()
  const callerOf = (request: Request) => callers.get(request)?.request ?? request
  const agent: AgentCheck = async (request) => callers.get(request)?.self ?? routes.agent(request)
  const inside = guardInside(guard, {
    peer: (request) => guard.peer(callerOf(request)),
    refused: (request, thrown, response) => guard.refused(callerOf(request), thrown, response),
  })
  const parts = { first: [agentRoutes({ ...routes, agent }, inside)], later: () => [] }
  const answer = createServer(inside, parts, { secure: false })
  return (self, request) =>
    async ({ method, path, body }) => {
      const asked = requestInside(method, path, body)
      callers.set(asked, { self, request })
      const response = await answer(asked)
      return { status: response.status, body: await response.json() }
    }
}
