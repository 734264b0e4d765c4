import { readFile, stat } from 'node:fs/promises'

/** Undefined for what is no ordinary file, or cannot be read: a pipe can be read only once. */
export async function textOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? readFile(path, 'utf8').catch(() => undefined) : undefined
}

/** The secret that a file holds, as it is configured by: without its last line's end. */
export const secretOf = async (path: string): Promise<string | undefined> =>
  (await textOf(path))?.replace(/\r?\n$/, '')

/** Undefined for what is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    return undefined
  }
}
