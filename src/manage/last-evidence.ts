import type { Delivery } from '../domain/delivery.ts'
import type { Evidence } from '../domain/outcome.ts'

/** When and how an agent last surely took something, among these deliveries of a session. `at` is Unix milliseconds. */
export function lastEvidence(
  deliveries: readonly Delivery[],
): { readonly at: number; readonly kind: Evidence } | undefined {
  const taken = deliveries.flatMap(({ acceptedAt, evidence = 'ack' }) =>
    acceptedAt === undefined ? [] : [{ at: acceptedAt, kind: evidence }],
  )
  return taken.toSorted((a, b) => b.at - a.at)[0]
}
