import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeliveryId } from '../../domain/delivery.ts'
import type { Session } from '../../domain/session.ts'

/**
 * The newest message of one opening of a session, on disk before it is sent: under the id that was chosen for it the
 * agent's own record tells what became of it, whoever asks.
 */
export interface MessageRecord {
  read(): Promise<Sent | undefined>
  write(sent: Sent): Promise<void>
  clear(): Promise<void>
}

export interface Sent {
  readonly deliveryId: DeliveryId
  readonly messageId: string
  readonly turn: boolean
  /** Unix milliseconds. */
  readonly at: number
}

export function openRecord(
  runDir: string,
  { id, generation }: Pick<Session, 'id' | 'generation'>,
): MessageRecord {
  const path = join(runDir, `opencode-${id}-${generation}.json`)
  return {
    read: async () => {
      try {
        return parse(JSON.parse(await readFile(path, 'utf8')))
      } catch {
        return undefined
      }
    },
    // Renamed into place: a crash leaves the old record or the new one, never half of it.
    write: async (sent) => {
      await mkdir(runDir, { recursive: true, mode: 0o700 })
      await writeFile(`${path}.new`, JSON.stringify(sent), { mode: 0o600 })
      await chmod(`${path}.new`, 0o600)
      await rename(`${path}.new`, path)
    },
    clear: () => rm(path, { force: true }),
  }
}

function parse(value: unknown): Sent | undefined {
  const { deliveryId, messageId, turn, at } = value as Partial<Record<keyof Sent, unknown>>
  return typeof deliveryId === 'string' &&
    typeof messageId === 'string' &&
    typeof turn === 'boolean' &&
    typeof at === 'number'
    ? { deliveryId: deliveryId as DeliveryId, messageId, turn, at }
    : undefined
}
