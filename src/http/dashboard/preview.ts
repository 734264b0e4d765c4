import { reasonOf } from '../../domain/error.ts'
import type { Hook } from '../../domain/hook.ts'
import { rehearse, type Sample } from '../../inbound/rehearse.ts'

export type Preview =
  | { readonly kind: 'message'; readonly text: string; readonly warning: string | undefined }
  /** `isIgnored`: there is to be no message. */
  | { readonly kind: 'trouble'; readonly why: string; readonly isIgnored: boolean }

/** The message a hook would make of this payload, or why it would make none. */
export async function preview(hook: Hook, sample: Sample, nonce: string): Promise<Preview> {
  try {
    const rehearsal = await rehearse(hook, sample, nonce)
    if (rehearsal.kind === 'message')
      return { kind: 'message', text: rehearsal.message, warning: rehearsal.warning }
    const isIgnored = rehearsal.kind === 'ignored'
    return { kind: 'trouble', why: `${isIgnored ? 'Ignored' : 'It fails'}: ${rehearsal.why}.`, isIgnored }
  } catch (thrown) {
    return { kind: 'trouble', why: reasonOf(thrown), isIgnored: false }
  }
}
