import { readFile } from 'node:fs/promises'
import { Failure, reasonOf } from '../domain/error.ts'
import { findFault } from '../payload/json-reader.ts'

export type Read = (path: string) => Promise<string | undefined>

/** Undefined when there is no such file. */
export const readText: Read = async (path) => {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new Failure('config_invalid', `${path} cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

/** Parses strict JSON. Throws `config_invalid` with line and column. */
export function parseDocument(path: string, text: string): unknown {
  const json = text.replace(/^\ufeff/, '')
  try {
    return JSON.parse(json)
  } catch {
    const before = json.slice(0, findFault(json)).split('\n')
    const column = (before.at(-1)?.length ?? 0) + 1
    throw new Failure('config_invalid', `${path} is not valid JSON: line ${before.length}, column ${column}.`)
  }
}
