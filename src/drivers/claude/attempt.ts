import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeliveryId } from '../../domain/delivery.ts'
import type { Session } from '../../domain/session.ts'

/** A message that was sent, or was about to be: enough to find it in the transcript. */
export interface Attempt {
  readonly deliveryId: DeliveryId
  readonly messageId: string
  /** Of what was sent; its words are kept elsewhere, where they can be erased. */
  readonly sha256: string
  readonly turn: boolean
  readonly sessionId: string
  /** Bytes of the transcript that were there before. */
  readonly from: number
}

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The last attempt of one opening of a session, on disk, for whoever comes after a crash. */
export interface AttemptRecord {
  write(attempt: Attempt): Promise<void>
  clear(): Promise<void>
  read(): Promise<Attempt | undefined>
}

export function openAttempts(runDir: string, session: Pick<Session, 'id' | 'generation'>): AttemptRecord {
  const path = join(runDir, `claude-${session.id}-${session.generation}.json`)
  return {
    // Renamed into place: a crash leaves the old record or the new one, never half of it.
    write: async (attempt) => {
      await mkdir(runDir, { recursive: true, mode: 0o700 })
      await writeFile(`${path}.new`, JSON.stringify(attempt), { mode: 0o600 })
      await chmod(`${path}.new`, 0o600)
      await rename(`${path}.new`, path)
    },
    clear: () => rm(path, { force: true }),
    read: async () => {
      try {
        return parse(JSON.parse(await readFile(path, 'utf8')))
      } catch {
        return undefined
      }
    },
  }
}

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
