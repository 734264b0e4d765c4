import { Server } from '@modelcontextprotocol/server'
import type { AgentClient } from './agent-client.ts'
import { callTool } from './call.ts'
import type { CheckWatch } from './check-watch.ts'
import { instructions, tools } from './tools.ts'

export interface McpDeps {
  readonly version: string
  readonly client: AgentClient
  readonly checks: CheckWatch
}

/** Claude Code keeps tools of MCP servers from its model until it searches for them; these few are to be seen at once. */
const alwaysShown = { 'anthropic/alwaysLoad': true }

/** The MCP server of one connection. To read on: tools (the table), call, agent-client; stdio. */
export function createMcpServer({ version, ...deps }: McpDeps): Server {
  const server = new Server({ name: 'postern', version }, { capabilities: { tools: {} }, instructions })
  const listed = tools.map(({ name, description, inputSchema, annotations }) => ({
    ...{ name, description, inputSchema, annotations },
    _meta: alwaysShown,
  }))
  server.setRequestHandler('tools/list', () => ({ tools: listed }))
  server.setRequestHandler('tools/call', ({ params }) => callTool(deps, params.name, params.arguments ?? {}))
  return server
}
