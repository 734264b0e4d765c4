import type { JsonObject } from '../json.ts'
import type { Attempt } from './attempt.ts'
import { openTail, sizeOf, type Tail, transcriptPath } from './transcript.ts'

/** What one Claude Code writes down after an attempt, in whatever conversation it is then. */
export interface TranscriptReader {
  /** The rows since the last time. */
  read(sessionId: string | undefined): Promise<readonly JsonObject[]>
}

/** Bytes of a conversation's transcript that are there already. */
export async function transcriptBytes(configDir: string, sessionId: string): Promise<number> {
  const path = await transcriptPath(configDir, sessionId)
  return path === undefined ? 0 : ((await sizeOf(path)) ?? 0)
}

export function openTranscript(configDir: string, { sessionId: first, from }: Attempt): TranscriptReader {
  const tails = new Map<string, Tail>()
  const tailOf = async (sessionId: string): Promise<Tail | undefined> => {
    const known = tails.get(sessionId)
    const path = known ? undefined : await transcriptPath(configDir, sessionId)
    if (path === undefined) return known
    const tail = openTail(path, sessionId === first ? from : 0)
    tails.set(sessionId, tail)
    return tail
  }
  return {
    read: async (sessionId = first) => {
      const wanted = await Promise.all([...new Set([first, sessionId])].map(tailOf))
      const rows = await Promise.all(wanted.map((tail) => tail?.read() ?? []))
      return rows.flat()
    },
  }
}
