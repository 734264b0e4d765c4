import type { Hook } from '../domain/hook.ts'
import { senders } from '../providers/index.ts'
import { sampleBytes } from '../providers/signed-sample.ts'
import { composeRendering, type HookMessage } from './message.ts'
import { createHookRenderer, readPayload } from './webhook-message.ts'

/** A payload to try a hook on; header names in lower case. */
export interface Sample {
  readonly payload: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/** The example of the hook's preset, with these headers before its own; an empty object without one. */
export function exampleOf({ preset }: Hook, more: Sample['headers']): Sample {
  const { body = {}, headers = {} } = senders.get(preset ?? '')?.sample ?? {}
  return { payload: sampleBytes({ body, headers }), headers: { ...headers, ...more } }
}

/** What a hook's agent would get for a payload. Nothing is stored or sent. Throws what `parsePayload` throws. */
export async function rehearse(
  hook: Hook,
  { payload, headers }: Sample,
  nonce: string,
): Promise<HookMessage> {
  const header = (name: string) => headers[name]
  const view = await readPayload(hook, payload, header)
  const rendering = createHookRenderer(hook)({ payload: view, header, nonce })
  return composeRendering(rendering, hook.from)
}
