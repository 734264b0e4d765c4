import type { DeliveryEvent } from '../domain/delivery.ts'
import type { Store } from '../domain/ports.ts'
import type { SessionId } from '../domain/session.ts'

/** The last time an agent surely took something. `at` is Unix milliseconds. */
export interface Taken {
  readonly at: number
  /** `ack`, `echo` or `marker`. */
  readonly kind: string
}

const looked = 50

/** Among the newest deliveries of a session; undefined when none of them was taken. */
export async function lastEvidence(
  store: Pick<Store, 'listDeliveries' | 'inspectDelivery'>,
  session: SessionId,
): Promise<Taken | undefined> {
  const newest = await store.listDeliveries({ session, limit: looked })
  const taken = newest.filter(({ acceptedAt }) => acceptedAt !== undefined)
  const [last] = [...taken].sort((a, b) => (b.acceptedAt ?? 0) - (a.acceptedAt ?? 0))
  if (last?.acceptedAt === undefined) return undefined
  const events = (await store.inspectDelivery(last.id))?.events ?? []
  return events.flatMap(evidenceOf).at(-1) ?? { at: last.acceptedAt, kind: 'ack' }
}

/** As `domain/settle` and the walk of a knock note it. */
function evidenceOf({ at, detail }: DeliveryEvent): readonly Taken[] {
  const [, kind] = /^evidence: (ack|echo|marker)$/.exec(detail ?? '') ?? []
  return kind === undefined ? [] : [{ at, kind }]
}
