import type { ProbeResult } from '../cli/context.ts'
import { Failure, reasonOf } from '../domain/error.ts'

/** Requests a URL without credentials and follows no redirect. Throws `unreachable`. */
export async function probe(url: string, signal: AbortSignal): Promise<ProbeResult> {
  try {
    const response = await fetch(url, { redirect: 'manual', signal })
    const body = parsed(await response.text())
    const date = Date.parse(response.headers.get('date') ?? '')
    const code = body.code
    return {
      status: response.status,
      ours: body.status === 'ok' || String(body.type).startsWith('urn:postern:'),
      ...(typeof code === 'string' && { code }),
      ...(Number.isFinite(date) && { date }),
    }
  } catch (cause) {
    // Bun appends a question to the error code.
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
