import { createMcpHandler } from '@modelcontextprotocol/server'
import { createMcpServer, type McpDeps } from './server.ts'

/** Answers one message over HTTP, of any revision of the protocol. Nothing is kept between two of them. Never rejects. */
export const answerMcp = (deps: McpDeps, message: Request): Promise<Response> =>
  // A list of tools that never changes is nothing to listen to.
  createMcpHandler(() => createMcpServer(deps), { maxSubscriptions: 0 }).fetch(message)
