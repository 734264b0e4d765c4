import type { DeliveryRecord } from '../domain/delivery.ts'
import type { Hook } from '../domain/hook.ts'
import { compileTemplate, missingNames } from '../payload/template.ts'
import type { View } from '../payload/view.ts'
import { readEvent } from '../providers/event.ts'
import { presetOf, senders } from '../providers/index.ts'
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

/** What a delivery came with; undefined where its payload is not kept. */
export function sampleOf({
  payload,
  headers,
  contentType,
}: Pick<DeliveryRecord, 'payload' | 'headers' | 'contentType'>): Sample | undefined {
  const type = contentType === undefined ? {} : { 'content-type': contentType }
  return payload && { payload, headers: { ...type, ...headers } }
}

/** What a hook's agent would get for a payload. Nothing is stored or sent. Throws what `parsePayload` throws. */
export async function rehearse(hook: Hook, { payload, headers }: Sample, nonce: string): Promise<Rehearsal> {
  const header = (name: string) => headers[name]
  const view = await readPayload(hook, payload, header)
  const rendering = createHookRenderer(hook)({ payload: view, header })
  const message = composeRendering(rendering, hook, () => nonce)
  const warning = misfit(hook, view, header)
  return message.kind === 'ignored' || warning === undefined ? message : { ...message, warning }
}

export type Rehearsal = HookMessage & {
  /** The payload has not what the hook makes its message of. */
  readonly warning?: string
}

/** Whether a payload is none of those that the hook was made for. */
function misfit(hook: Hook, payload: View, header: (name: string) => string | undefined): string | undefined {
  const preset = presetOf(hook.preset)
  const event = preset
    ? readEvent(preset, payload, header, hook.template !== undefined)
    : { view: payload, lacks: undefined }
  if ('ignored' in event) return undefined
  const missing =
    hook.template === undefined
      ? [event.lacks].filter((name) => name !== undefined)
      : missingNames(compileTemplate(hook.template), event.view)
  if (missing.length === 0) return undefined
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : ''
  return `the payload does not fit this hook: it lacks ${missing.slice(0, 5).join(', ')}${more}`
}
