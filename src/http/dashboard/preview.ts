import { reasonOf } from '../../domain/error.ts'
import type { Hook } from '../../domain/hook.ts'
import { compose } from '../../domain/message.ts'
import { createHookMessage } from '../../inbound/webhook-message.ts'
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
    const said = createHookMessage(hook).say({ payload, header: (name) => sample.headers[name], nonce })
    if (said.kind === 'text') return { kind: 'message', text: compose(said.text, hook.from) }
    return {
      kind: 'trouble',
      why: said.kind === 'ignored' ? `Ignored: ${said.why}.` : `It fails: ${said.why}.`,
    }
  } catch (thrown) {
    return { kind: 'trouble', why: reasonOf(thrown) }
  }
}
