import type { Reached } from '../cli/context.ts'
import { Failure, reasonOf } from '../domain/error.ts'

/** Asks without credentials and follows nothing: what stands at that very address. Throws `unreachable`. */
export async function reach(url: string, signal: AbortSignal): Promise<Reached> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal })
    const said = parsed(await response.text())
    const date = Date.parse(response.headers.get('date') ?? '')
    const code = said.code
    return {
      status: response.status,
      ours: said.status === 'ok' || String(said.type).startsWith('urn:postern:'),
      ...(typeof code === 'string' && { code }),
      ...(Number.isFinite(date) && { date }),
    }
  } catch (cause) {
    // Bun puts a question behind the code.
    const why = reasonOf(cause).replace(/: Unable to connect\..*$/, '')
    throw new Failure('unreachable', why, { cause })
  }
}

function parsed(text: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
