import type { Outcome } from '../../domain/outcome.ts'

/** Which deliveries were typed into this terminal, so that none is typed twice whatever becomes of the server. */
export interface TypedDeliveries {
  /** The attempt under way or the one that was taken; undefined when the delivery may be typed. */
  find(deliveryId: string): Entry | undefined
  /** Joins the attempt under way or returns the one that was taken; else begins one. */
  once(deliveryId: string, turn: boolean, attempt: () => Promise<Outcome>): Promise<Outcome>
}

interface Entry {
  readonly outcome: Promise<Outcome>
  /** The delivery is answered when its turn is over. */
  readonly turn: boolean
}

export function createTypedDeliveries(limit: number): TypedDeliveries {
  const entries = new Map<string, Entry>()
  return {
    find: (deliveryId) => entries.get(deliveryId),
    once: (deliveryId, turn, attempt) => {
      const known = entries.get(deliveryId)
      if (known) return known.outcome
      const outcome = attempt().then(
        (result) => {
          if (!isFinal(result)) entries.delete(deliveryId)
          return result
        },
        (thrown: unknown) => {
          entries.delete(deliveryId)
          throw thrown
        },
      )
      entries.set(deliveryId, { outcome, turn })
      forgetOldest(entries, limit)
      return outcome
    },
  }
}

/** After these outcomes the delivery must not be typed again. */
const isFinal = (outcome: Outcome): boolean =>
  outcome.kind === 'taken' || (outcome.kind === 'unknown' && outcome.accepted)

function forgetOldest(entries: Map<string, Entry>, limit: number): void {
  for (const oldest of entries.keys()) {
    if (entries.size <= limit) return
    entries.delete(oldest)
  }
}
