import type { Source } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'

/** A refusal with the hook or grant that it is about. */
export function attributed(thrown: unknown, source: Source | undefined): unknown {
  if (!(thrown instanceof Failure)) return thrown
  if (source?.kind === 'hook') thrown.extra.hook = source.hook
  if (source?.kind === 'grant') thrown.extra.grant = source.grant
  return thrown
}
