import { createHash } from 'node:crypto'
import type { DeliveryId } from '../../domain/delivery.ts'
import type { Session } from '../../domain/session.ts'
import { type Journal, openJournal } from '../journal.ts'

/** A message that was sent, or was about to be: enough to find it in the transcript. */
export interface Attempt {
  readonly deliveryId: DeliveryId
  readonly messageId: string
  /** Of the text that was sent; the text itself lies in the store, where it can be erased. */
  readonly sha256: string
  readonly turn: boolean
  readonly sessionId: string
  /** Bytes of the transcript that were there before. */
  readonly from: number
}

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The last attempt of one opening of a session, for whoever comes after a crash. */
export const openAttempts = (runDir: string, session: Pick<Session, 'id' | 'generation'>): Journal<Attempt> =>
  openJournal(runDir, 'claude', session, parse)

function parse(value: unknown): Attempt | undefined {
  const { deliveryId, messageId, sha256, turn, sessionId, from } = value as Record<string, unknown>
  return typeof deliveryId === 'string' &&
    typeof messageId === 'string' &&
    typeof sha256 === 'string' &&
    typeof turn === 'boolean' &&
    typeof sessionId === 'string' &&
    typeof from === 'number'
    ? { deliveryId: deliveryId as DeliveryId, messageId, sha256, turn, sessionId, from }
    : undefined
}
