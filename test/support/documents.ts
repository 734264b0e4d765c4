import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { binary } from './binary.ts'

const run = promisify(execFile)

/** A file of `docs/`. */
export const documentOf = (file: string): Promise<string> =>
  readFile(resolve(import.meta.dirname, '../../docs', file), 'utf8')

/** What stands below a heading, or before the first one. */
export function sectionIn(document: string, heading?: string): string {
  const [first = '', ...sections] = document.split(/^## /m)
  const section = heading === undefined ? first : sections.find((each) => each.startsWith(`${heading}\n`))
  assert.ok(section, `no section "${heading}"`)
  return section
}

/** The fenced blocks of one kind in a section. */
export type Blocks = (heading: string | undefined, kind: string) => readonly string[]

export const blocksIn =
  (document: string): Blocks =>
  (heading, kind) =>
    [...sectionIn(document, heading).matchAll(new RegExp(`^\`\`\`${kind}\n(.*?)^\`\`\``, 'gms'))].map(
      (match) => match[1] ?? '',
    )

interface Place {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

/** Runs it as a person or a CI system would paste it: the first command that fails ends it, and rejects. */
export const shell = (text: string, { env, cwd }: Place) => run('sh', ['-ec', text], { env, cwd })

/** A folder for PATH in which `postern` is this very program. */
export async function posternOnPath(folder: string): Promise<string> {
  const path = join(folder, 'postern')
  await mkdir(folder, { recursive: true })
  await writeFile(path, `#!/bin/sh\nexec ${commandOf(binary())} "$@"\n`)
  await chmod(path, 0o755)
  return folder
}

const commandOf = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ')
