import { Failure } from '../domain/error.ts'
import type { ServerClient } from './context.ts'
import { isCode } from './exit.ts'

/** The body of a good answer. A refusal is thrown as the server put it; so a shell sees the same exit code. */
export async function askServer(
  server: ServerClient,
  method: Parameters<ServerClient['request']>[0],
  path: string,
  options: Parameters<ServerClient['request']>[2] = {},
): Promise<unknown> {
  const { status, body } = await server.request(method, path, options)
  if (status >= 200 && status < 300) return body
  const { code, detail } = problemOf(body)
  throw new Failure(
    isCode(code) ? code : 'internal',
    typeof detail === 'string' ? detail : `The server answered ${status}.`,
  )
}

const problemOf = (body: unknown): { readonly code?: unknown; readonly detail?: unknown } =>
  typeof body === 'object' && body !== null ? body : {}
