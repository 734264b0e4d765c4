import { reasonOf } from '../../domain/error.ts'
import type { Hook } from '../../domain/hook.ts'
import { compose } from '../../domain/message.ts'
import { createHookRenderer } from '../../inbound/webhook-message.ts'
import { parsePayload } from '../../payload/parse.ts'

/** A payload to try a template on. */
export interface Sample {
  readonly payload: Uint8Array
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
}

export type Preview =
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'trouble'; readonly why: string }

/** What the hook would say to its agent about this payload. Nothing is stored or sent. */
export async function preview(hook: Hook, sample: Sample, nonce: string): Promise<Preview> {
  try {
    const payload = await parsePayload(sample.payload, sample.contentType)
    const rendering = createHookRenderer(hook)({ payload, header: (name) => sample.headers[name], nonce })
    if (rendering.kind === 'text') return { kind: 'message', text: compose(rendering.text, hook.from) }
    return {
      kind: 'trouble',
      why: rendering.kind === 'ignored' ? `Ignored: ${rendering.why}.` : `It fails: ${rendering.why}.`,
    }
  } catch (thrown) {
    return { kind: 'trouble', why: reasonOf(thrown) }
  }
}
