import type { DeliveryId } from '../../domain/delivery.ts'
import type { Session } from '../../domain/session.ts'
import { type Journal, openJournal } from '../journal.ts'

/** The newest message of one opening of a session, written before it is sent. */
export interface Sent {
  readonly deliveryId: DeliveryId
  readonly messageId: string
  readonly turn: boolean
  /** Unix milliseconds. */
  readonly at: number
}

/** The conversation shows what became of a message, under the id that was chosen for it. */
export const openSentJournal = (runDir: string, session: Pick<Session, 'id' | 'generation'>): Journal<Sent> =>
  openJournal(runDir, 'opencode', session, parse)

function parse(value: unknown): Sent | undefined {
  const { deliveryId, messageId, turn, at } = value as Partial<Record<keyof Sent, unknown>>
  return typeof deliveryId === 'string' &&
    typeof messageId === 'string' &&
    typeof turn === 'boolean' &&
    typeof at === 'number'
    ? { deliveryId: deliveryId as DeliveryId, messageId, turn, at }
    : undefined
}
