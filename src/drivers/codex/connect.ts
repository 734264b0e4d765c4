import { codeOf, reasonOf } from '../../domain/error.ts'
import { type AppServer, connectTo } from './app-server.ts'
import type { CodexServer } from './settings.ts'

/** Connects to a server that others use as well. */
export async function connectServer(
  server: CodexServer,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<AppServer> {
  if (server.kind === 'socket') return connectTo({ path: server.path }, signal)
  if (server.kind === 'command') throw new Error('it is a process of its own')
  const token = server.tokenEnv === undefined ? undefined : env[server.tokenEnv]
  if (server.tokenEnv !== undefined && !token) throw new Error(`${server.tokenEnv} is not set`)
  return connectTo({ url: new URL(server.url), token }, signal)
}

/** Why it could not be reached, for people. */
export function whyUnreachable(server: CodexServer, thrown: unknown): string {
  const where = server.kind === 'socket' ? server.path : server.kind === 'url' ? server.url : 'it'
  const why = nobody.has(codeOf(thrown) ?? '') ? 'nobody listens there' : reasonOf(thrown)
  return `no codex app server at ${where}: ${why}`
}

const nobody: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'])
