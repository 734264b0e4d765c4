import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseLine, splitLines } from '../agent-process/lines.ts'
import type { JsonObject } from '../json.ts'

/** Where one conversation is written down, one JSON object a line (`projects/<folder>/<session id>.jsonl`). */
export async function transcriptPath(configDir: string, sessionId: string): Promise<string | undefined> {
  const projects = join(configDir, 'projects')
  const paths = (await foldersIn(projects)).map((folder) => join(projects, folder, `${sessionId}.jsonl`))
  for (const path of paths) if ((await sizeOf(path)) !== undefined) return path
  return undefined
}

/** Bytes; undefined when there is no such file. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch {
    return undefined
  }
}

/** Reads what is appended to a transcript. */
export interface Tail {
  /** The rows since the last time. A row that is still being written waits for the next time. */
  read(): Promise<readonly JsonObject[]>
}

const pieceBytes = 1_048_576

/** From that many bytes on, which must be the end of a row. */
export function openTail(path: string, from: number): Tail {
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

async function foldersIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch {
    return []
  }
}
