import { setImmediate } from 'node:timers/promises'
import { Failure } from '../domain/error.ts'
import { maxDepth, type Pause, readJson } from './json-reader.ts'
import { decodeInSlices, decodeUtf8 } from './text.ts'
import { memberOf, type View } from './view.ts'

/**
 * JSON that a stranger sent, as a view. `JSON.parse` reads small texts whose numbers it does not change, about three times
 * as fast; all others, and what is wrong with any, is `readJson`'s. Throws what `readJson` throws.
 */
export async function parseJson(text: string, pause: Pause): Promise<View> {
  return parseSmall(text) ?? readJson(text, pause)
}

/** JSON of a shape of ours, whose numbers are only counted with. Throws `malformed`. */
export function parsePlainJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Failure('malformed', 'The body is not valid JSON.')
  }
}

/** The refusal of a text that `parsePlainJson` refused, with the place where it breaks off. */
export const misreadAt = (text: string, refusal: unknown): Promise<unknown> =>
  readJson(text, () => setImmediate()).then(
    () => refusal,
    (placed: unknown) => placed,
  )

/** What a JSON body holds at a path, read in slices; undefined when it is no JSON or has no such member. */
export async function memberIn(body: Uint8Array, ...path: readonly string[]): Promise<View | undefined> {
  try {
    const pause = () => setImmediate()
    return memberAt(await parseJson(await decodeInSlices(body, pause), pause), path)
  } catch {
    return undefined
  }
}

/** The same at once, of a body of a trusted size. */
export function memberInSmall(body: Uint8Array, ...path: readonly string[]): View | undefined {
  try {
    return memberAt(parsePlainJson(decodeUtf8(body)) as View, path)
  } catch {
    return undefined
  }
}

const memberAt = (view: View, path: readonly string[]): View | undefined =>
  path.reduce((found: View | undefined, name) => found && memberOf(found, name), view)

/** Parsed at once in about a millisecond, whatever it holds; too short for `readJson`'s other bounds to matter. */
const longestSmall = 65_536

/** Undefined for what `readJson` must read or refuse. */
function parseSmall(text: string): View | undefined {
  if (text.length > longestSmall || !keepsNumbers(text)) return undefined
  try {
    return withoutPrototypes(JSON.parse(text), 1)
  } catch {
    return undefined
  }
}

/** With a fraction or an exponent, of sixteen digits and more, or minus zero: what JavaScript may spell in another way. */
const suspect = /[[,:\s](-?\d+[.eE][\d.eE+-]*|-?\d{16,}|-0)(?=[\s,\]}])/g

/** Whether the numbers in a list or object keep their spelling. What looks like one within a string counts, too. */
function keepsNumbers(text: string): boolean {
  suspect.lastIndex = 0
  for (let match = suspect.exec(text); match; match = suspect.exec(text))
    if (String(Number(match[1])) !== match[1]) return false
  return true
}

/** The same value as a view; undefined for one that stands alone or nests too deeply. */
function withoutPrototypes(value: unknown, depth: number): View | undefined {
  if (!isContainer(value) || depth > maxDepth) return undefined
  for (const inner of Array.isArray(value) ? value : Object.values(value))
    if (isContainer(inner) && withoutPrototypes(inner, depth + 1) === undefined) return undefined
  return Array.isArray(value) ? value : Object.setPrototypeOf(value, null)
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null
