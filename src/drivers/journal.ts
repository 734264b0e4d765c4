import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Session } from '../domain/session.ts'

/**
 * What one opening of a session has under way, in a file of the run directory, for whoever comes after a crash: a
 * process to be ended, a message whose outcome is still to be learned.
 */
export interface Journal<Entry> {
  /** What was written last; undefined when there is nothing, or nothing that is understood. */
  read(): Promise<Entry | undefined>
  /** Resolves once the entry stands in the file. A crash leaves the old entry or the new one, never half of it. */
  write(entry: Entry): Promise<void>
  /** Writes what `how` makes of the entry before; changes wait for one another. */
  change(how: (before: Entry | undefined) => Entry | Promise<Entry>): Promise<void>
  clear(): Promise<void>
}

/** `parse` returns undefined for what it does not understand; it may throw for it as well. */
export function openJournal<Entry>(
  runDir: string,
  kind: string,
  { id, generation }: Pick<Session, 'id' | 'generation'>,
  parse: (value: unknown) => Entry | undefined,
): Journal<Entry> {
  const path = join(runDir, `${kind}-${id}-${generation}.json`)
  let writing: Promise<unknown> = Promise.resolve()
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = writing.then(work)
    writing = done.catch(() => {})
    return done
  }
  const read = () => readEntry(path, parse)
  return {
    read: () => inTurn(read),
    write: (entry) => inTurn(() => writeWhole(runDir, path, entry)),
    change: (how) => inTurn(async () => writeWhole(runDir, path, await how(await read()))),
    clear: () => inTurn(() => rm(path, { force: true })),
  }
}

async function readEntry<Entry>(
  path: string,
  parse: (value: unknown) => Entry | undefined,
): Promise<Entry | undefined> {
  try {
    return parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}

/** Renamed into place; readable by its owner alone, also where an earlier crash left the new file behind. */
async function writeWhole(runDir: string, path: string, entry: unknown): Promise<void> {
  await mkdir(runDir, { recursive: true, mode: 0o700 })
  await writeFile(`${path}.new`, JSON.stringify(entry), { mode: 0o600 })
  await chmod(`${path}.new`, 0o600)
  await rename(`${path}.new`, path)
}
