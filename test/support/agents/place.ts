import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Where one agent lives in a test, with nothing of the person who runs it. */
export interface AgentPlace {
  /** Its HOME. */
  readonly home: string
  /** The project it works in. */
  readonly cwd: string
  /** The loopback model, without a trailing slash. */
  readonly modelUrl: string
}

/** What tests know of one agent program. */
export interface AgentFacts {
  /** Writes its settings; returns what its environment needs. */
  readonly settle: (place: AgentPlace) => Promise<Readonly<Record<string, string>>>
  /** The user messages of its own transcripts, in order of time. */
  readonly userMessages: (place: AgentPlace) => readonly string[]
}

export async function writeAt(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2))
}

export type Row = Readonly<Record<string, unknown>>

/** The rows of all JSON-lines files below a folder, files by name. */
export function rowsBelow(folder: string): readonly Row[] {
  return filesBelow(folder).flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line) => rowOf(line)),
  )
}

/** Text of an agent's `content`: a string, or a list of parts with a text each. */
export const textOf = (content: unknown): string =>
  typeof content === 'string'
    ? content
    : Array.isArray(content)
      ? content.map((part) => (isRow(part) && typeof part.text === 'string' ? part.text : '')).join('')
      : ''

export const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function filesBelow(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.jsonl'))
      .sort()
      .map((path) => join(folder, path))
  } catch {
    return []
  }
}

/** The last line may be half written. */
function rowOf(line: string): readonly Row[] {
  try {
    const row: unknown = JSON.parse(line)
    return isRow(row) ? [row] : []
  } catch {
    return []
  }
}
