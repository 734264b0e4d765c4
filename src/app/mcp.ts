import type { Io } from '../cli/context.ts'
import { createCheckWatch } from '../mcp/check-watch.ts'
import { serveMcp } from '../mcp/stdio.ts'
import { createOwnClient } from './own-client.ts'

/** `postern mcp`: the tools of the agent that started it, over standard input and output. */
export function serveAgent(io: Io, root: string): Promise<void> {
  return serveMcp({
    version: io.program.version,
    client: createOwnClient(io, root),
    checks: createCheckWatch(io.now),
    input: process.stdin,
    write: io.stdout,
    complain: (text) => io.stderr(`postern: ${text}\n`),
    stopping: io.stopping,
  })
}
