import { reasonOf } from '../../domain/error.ts'
import type { Hook } from '../../domain/hook.ts'
import { rehearse, type Sample } from '../../inbound/rehearse.ts'

export type Preview =
  | { readonly kind: 'message'; readonly text: string; readonly warning: string | undefined }
  | { readonly kind: 'trouble'; readonly why: string }

/** The message a hook would make of this payload, or why it would make none. */
export async function preview(hook: Hook, sample: Sample, nonce: string): Promise<Preview> {
  try {
    const rehearsal = await rehearse(hook, sample, nonce)
    if (rehearsal.kind === 'message')
      return { kind: 'message', text: rehearsal.message, warning: rehearsal.warning }
    return {
      kind: 'trouble',
      why: rehearsal.kind === 'ignored' ? `Ignored: ${rehearsal.why}.` : `It fails: ${rehearsal.why}.`,
    }
  } catch (thrown) {
    return { kind: 'trouble', why: reasonOf(thrown) }
  }
}
