import type { Source } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import { grantBehind } from '../domain/source.ts'

/** A refusal with the hook or grant that it is about. */
export function attributed(thrown: unknown, source: Source | undefined): unknown {
  if (!(thrown instanceof Failure)) return thrown
  if (source?.kind === 'hook') thrown.extra.hook = source.hook
  const grant = source && grantBehind(source)
  if (grant !== undefined) thrown.extra.grant = grant
  return thrown
}
