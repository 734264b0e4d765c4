import type { Hook } from '../domain/hook.ts'
import { parsePayload } from '../payload/parse.ts'
import { composeRendering, type HookMessage } from './message.ts'
import { createHookRenderer } from './webhook-message.ts'

/** A payload to try a hook on; header names in lower case. */
export interface Sample {
  readonly payload: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/** What a hook's agent would get for a payload. Nothing is stored or sent. Throws what `parsePayload` throws. */
export async function rehearse(
  hook: Hook,
  { payload, headers }: Sample,
  nonce: string,
): Promise<HookMessage> {
  const view = await parsePayload(payload, headers['content-type'] ?? '')
  const rendering = createHookRenderer(hook)({ payload: view, header: (name) => headers[name], nonce })
  return composeRendering(rendering, hook.from)
}
