import { type Delivery, type DeliveryId, isDeliveryId } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import type { DoorStore } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'

interface OwnDeps<Found extends Delivery> {
  readonly find: (id: DeliveryId) => Promise<Found | undefined>
  readonly findWait: DoorStore['findWait']
  readonly now: () => number
}

/**
 * A delivery that this opening of a session may have got. Throws `forbidden` for one that is not there, of another session, or that an
 * earlier opening got.
 */
export async function ownDelivery<Found extends Delivery>(
  deps: OwnDeps<Found>,
  self: Session,
  id: string,
): Promise<Found> {
  const delivery = isDeliveryId(id) ? await deps.find(id) : undefined
  if (delivery?.session !== self.id) throw new Failure('forbidden', 'This session has no such delivery.')
  if (await isOfOpening(deps, self, delivery)) return delivery
  throw new Failure(
    'forbidden',
    'That delivery was for an earlier opening of this session: only the agent that got it can read or answer it.',
  )
}

async function isOfOpening<Found extends Delivery>(
  { findWait, now }: OwnDeps<Found>,
  { generation, openedAt }: Session,
  delivery: Found,
): Promise<boolean> {
  const { source } = delivery
  const wait =
    source.kind === 'grant' || source.kind === 'wait' ? await findWait({ grant: source.grant }) : undefined
  return wait ? wait.generation === generation : isSince(delivery, openedAt, now())
}

/**
 * Whether an opening of its session since `openedAt` may have got it: no agent took it before, nor was it over. After a clock that was set
 * back to before the opening nothing tells.
 */
const isSince = (
  { acceptedAt, settledAt }: Pick<Delivery, 'acceptedAt' | 'settledAt'>,
  openedAt: number,
  now: number,
): boolean => now < openedAt || (acceptedAt ?? settledAt ?? now) >= openedAt
