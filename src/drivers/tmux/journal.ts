import type { DeliveryId } from '../../domain/delivery.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Session } from '../../domain/session.ts'
import { openJournal } from '../journal.ts'

/** Behind which message Enter was pressed last, on disk, for whoever comes after a crash. */
export interface EnterJournal {
  /** Before Enter. */
  note(deliveryId: DeliveryId): Promise<void>
  /** The message was not sent, and may be typed again. */
  forget(): Promise<void>
  /** What became of a delivery that a killed server had under way; undefined when Enter was not reached. */
  recall(deliveryId: DeliveryId): Promise<Outcome | undefined>
}

export function openEnterJournal(runDir: string, session: Pick<Session, 'id' | 'generation'>): EnterJournal {
  const journal = openJournal(runDir, 'tmux', session, parse)
  return {
    note: (deliveryId) => journal.write({ deliveryId }),
    forget: journal.clear,
    recall: async (deliveryId) => ((await journal.read())?.deliveryId === deliveryId ? cutOff : undefined),
  }
}

/** A pane does not show which of its lines came from whom. A second turn would be worse than an unknown outcome. */
const cutOff: Outcome = {
  kind: 'unknown',
  why: 'the server was stopped after it had pressed Enter',
  accepted: true,
}

function parse(value: unknown): { readonly deliveryId: string } | undefined {
  const { deliveryId } = value as { readonly deliveryId?: unknown }
  return typeof deliveryId === 'string' ? { deliveryId } : undefined
}
