import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseLine, splitLines } from '../agent-process/lines.ts'
import type { JsonObject } from '../json.ts'
import { namesIn } from '../process/files.ts'
import type { Attempt } from './journal.ts'

/** Reads the transcripts that one Claude Code writes after an attempt, in whatever conversation it is then. */
export interface TranscriptReader {
  /** The rows since the last time. */
  read(sessionId: string | undefined): Promise<readonly JsonObject[]>
}

/** How many bytes a conversation's transcript has already. */
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

/** The last bytes of a conversation's transcript; its first row may be cut. */
export async function transcriptEnd(configDir: string, sessionId: string, bytes: number): Promise<string> {
  const path = await transcriptPath(configDir, sessionId)
  return path === undefined ? '' : endOfFile(path, bytes)
}

/** As `transcriptEnd`, of the transcript that lies there. Empty where none does. */
export async function endOfFile(path: string, bytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const piece of piecesOf(path, Math.max(0, ((await sizeOf(path)) ?? 0) - bytes)))
    text += decoder.decode(piece, { stream: true })
  return text
}

/** Where one conversation is written down, one JSON object a line (`projects/<folder>/<session id>.jsonl`). */
async function transcriptPath(configDir: string, sessionId: string): Promise<string | undefined> {
  const projects = join(configDir, 'projects')
  const folders = await namesIn(projects)
  const paths = folders.map((folder) => join(projects, folder, `${sessionId}.jsonl`))
  for (const path of paths) if ((await sizeOf(path)) !== undefined) return path
  return undefined
}

/** In bytes; undefined when there is no such file. */
const sizeOf = async (path: string): Promise<number | undefined> =>
  (await stat(path).catch(() => undefined))?.size

/** Reads what is appended to a transcript. */
interface Tail {
  /** The rows since the last time. A row that is still being written waits for the next time. */
  read(): Promise<readonly JsonObject[]>
}

const pieceBytes = 1_048_576

/** From that many bytes on, which must be the end of a row. */
function openTail(path: string, from: number): Tail {
  let at = from
  let rows: JsonObject[] = []
  const decoder = new TextDecoder()
  const feed = splitLines((line) => {
    const row = parseLine(line)
    if (row) rows.push(row)
  })
  return {
    read: async () => {
      rows = []
      for await (const piece of piecesOf(path, at)) {
        at += piece.length
        feed(decoder.decode(piece, { stream: true }))
      }
      return rows
    },
  }
}

async function* piecesOf(path: string, from: number): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r').catch(() => undefined)
  if (!file) return
  try {
    for (let at = from; ; ) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(pieceBytes), 0, pieceBytes, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
