import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeliveryId } from '../../domain/delivery.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Session } from '../../domain/session.ts'

/** Behind which message Enter was pressed last, on disk, for whoever comes after a crash. */
export interface Pressed {
  /** Before Enter. */
  note(deliveryId: DeliveryId): Promise<void>
  /** It was not sent, and may be typed again. */
  forget(): Promise<void>
  /** What became of a delivery that a killed server had under way; undefined when Enter was not reached. */
  recall(deliveryId: DeliveryId): Promise<Outcome | undefined>
}

export function openPressed(runDir: string, { id, generation }: Pick<Session, 'id' | 'generation'>): Pressed {
  const path = join(runDir, `tmux-${id}-${generation}.json`)
  return {
    note: async (deliveryId) => {
      await mkdir(runDir, { recursive: true, mode: 0o700 })
      await writeFile(`${path}.new`, JSON.stringify({ deliveryId }), { mode: 0o600 })
      await rename(`${path}.new`, path)
    },
    forget: () => rm(path, { force: true }),
    recall: async (deliveryId) => ((await noted(path)) === deliveryId ? cutOff : undefined),
  }
}

/** The pane does not tell which of its lines are whose. A second turn would be worse than a question. */
const cutOff: Outcome = {
  kind: 'unknown',
  why: 'the server was stopped after it had pressed Enter',
  accepted: true,
}

async function noted(path: string): Promise<unknown> {
  try {
    const record: unknown = JSON.parse(await readFile(path, 'utf8'))
    return typeof record === 'object' && record !== null && 'deliveryId' in record
      ? record.deliveryId
      : undefined
  } catch {
    return undefined
  }
}
