import { Failure } from '../domain/error.ts'
import { type LongString, nextSlice, openLongString } from './long-string.ts'
import { numberView, type View } from './view.ts'

/** Lets others run between two slices of work. */
export type Pause = () => Promise<void>

interface Bounds {
  readonly maxDepth: number
  readonly maxValues: number
}

/** Containers within containers. */
export const maxDepth = 200
const payloadBounds: Bounds = { maxDepth, maxValues: 300_000 }
const maxNumberLength = 1000
/** Longer strings are read in slices. */
const longestPiece = 262_144
/** A key is read in one piece. */
const maxKeyLength = longestPiece
/** A step takes up to some microseconds in an object of very many keys. */
const stepsPerSlice = 2000
const charactersPerSlice = 262_144
const maxSpace = 1_000_000

/**
 * Strict JSON (RFC 8259) to a view: numbers keep their digits, a repeated key's last value counts, `__proto__` is a key
 * like any other. Works in slices and without recursion, so neither depth nor size of a body can stop the process.
 * Throws `malformed`, or `unprocessable` beyond the bounds.
 */
export async function readJson(text: string, pause: Pause): Promise<View> {
  const reader = openReader(text, payloadBounds)
  for (;;) {
    const end = reader.at + charactersPerSlice
    for (let i = 0; i < stepsPerSlice && reader.at < end && !reader.done; i++) step(reader)
    if (reader.done) return reader.result
    await pause()
  }
}

/** Where a text stops being JSON, as an offset into it; undefined when it is JSON. For texts of a trusted size. */
export function findFault(text: string): number | undefined {
  const reader = openReader(text, { maxDepth: 10_000, maxValues: Number.POSITIVE_INFINITY })
  try {
    while (!reader.done) step(reader)
    return undefined
  } catch {
    return reader.at
  }
}

interface Reader {
  readonly text: string
  at: number
  /** The lists and objects that are not closed yet, outermost first. */
  readonly containers: Open[]
  values: number
  /** A long string of which a part is read. */
  long: LongString | undefined
  readonly bounds: Bounds
  done: boolean
  result: View
}

const openReader = (text: string, bounds: Bounds): Reader => ({
  text,
  at: 0,
  containers: [],
  values: 0,
  long: undefined,
  bounds,
  done: false,
  result: null,
})

type Open =
  | { readonly kind: 'list'; readonly list: View[] }
  | { readonly kind: 'object'; readonly object: Record<string, View>; key: string }

/** Reads one value, a slice of a long string, or the beginning of a list or object; then closes what ends after it. */
function step(reader: Reader): void {
  if (reader.long === undefined && ++reader.values > reader.bounds.maxValues)
    throw new Failure('unprocessable', `The body holds more than ${reader.bounds.maxValues} values.`)
  const value = reader.long ? readSlice(reader, reader.long) : readValue(reader)
  if (value !== undefined) add(reader, value)
}

/** Undefined when a long string has begun, or a list or object that is not empty. */
function readValue(reader: Reader): View | undefined {
  const char = next(reader)
  if (char === '{') return openObject(reader)
  if (char === '[') return openList(reader)
  if (char === '"') return readString(reader) ?? openLong(reader)
  for (const [literal, value] of literals)
    if (reader.text.startsWith(literal, reader.at)) return skip(reader, literal, value)
  return readNumber(reader)
}

const literals: readonly (readonly [string, View])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]

function skip(reader: Reader, text: string, value: View): View {
  reader.at += text.length
  return value
}

function openObject(reader: Reader): View | undefined {
  reader.at++
  // No prototype: then `__proto__` is an ordinary key.
  const object: Record<string, View> = Object.create(null)
  if (next(reader) === '}') return skip(reader, '}', object)
  push(reader, { kind: 'object', object, key: readKey(reader) })
  return undefined
}

function openList(reader: Reader): View | undefined {
  reader.at++
  const list: View[] = []
  if (next(reader) === ']') return skip(reader, ']', list)
  push(reader, { kind: 'list', list })
  return undefined
}

function push(reader: Reader, open: Open): void {
  if (reader.containers.length === reader.bounds.maxDepth)
    throw new Failure('unprocessable', `The body nests deeper than ${reader.bounds.maxDepth} levels.`)
  reader.containers.push(open)
}

/** Puts a finished value where it belongs, and closes every list and object that ends right after it. */
function add(reader: Reader, value: View): void {
  let finished = value
  for (let open = reader.containers.at(-1); open; open = reader.containers.at(-1)) {
    if (open.kind === 'list') open.list.push(finished)
    else open.object[open.key] = finished
    if (continues(reader, open)) return
    reader.containers.pop()
    finished = open.kind === 'list' ? open.list : open.object
  }
  if (next(reader) !== '') throw malformed(reader)
  reader.result = finished
  reader.done = true
}

/** After a value: true behind a comma (and the next key), false behind the closing bracket. */
function continues(reader: Reader, open: Open): boolean {
  const char = next(reader)
  if (char !== ',' && char !== (open.kind === 'list' ? ']' : '}')) throw malformed(reader)
  reader.at++
  if (char !== ',') return false
  if (open.kind === 'object') open.key = readKey(reader)
  return true
}

function readKey(reader: Reader): string {
  if (next(reader) !== '"') throw malformed(reader)
  const key = readString(reader)
  if (key === undefined)
    throw new Failure('unprocessable', `A key in the body is longer than ${maxKeyLength} characters.`)
  if (next(reader) !== ':') throw malformed(reader)
  reader.at++
  return key
}

/** The next character that is no white space; empty at the end. */
function next(reader: Reader): string {
  const char = reader.text[reader.at] ?? ''
  if (char !== ' ' && char !== '\n' && char !== '\t' && char !== '\r') return char
  const space = /[ \n\t\r]{0,1000001}/y
  space.lastIndex = reader.at
  space.test(reader.text)
  checkSpace(space.lastIndex - reader.at)
  reader.at = space.lastIndex
  return reader.text[reader.at] ?? ''
}

function checkSpace(length: number): void {
  if (length > maxSpace)
    throw new Failure('unprocessable', `The body has more than ${maxSpace} blanks in a row.`)
}

/** Undefined for a string that is too long for one piece. */
function readString(reader: Reader): string | undefined {
  const start = reader.at
  const end = endOfString(reader, start)
  if (end === undefined) return undefined
  reader.at = end + 1
  const inner = reader.text.slice(start + 1, end)
  if (!/[\\\x00-\x1f]/.test(inner)) return inner
  try {
    return JSON.parse(reader.text.slice(start, end + 1))
  } catch {
    reader.at = start
    throw malformed(reader)
  }
}

/** The quote that closes: the first behind an even number of backslashes. Undefined when it is far away. */
function endOfString(reader: Reader, start: number): number | undefined {
  const { text } = reader
  for (let end = text.indexOf('"', start + 1); end > 0; end = text.indexOf('"', end + 1)) {
    if (end - start > longestPiece) return undefined
    let before = end
    while (text[before - 1] === '\\') before--
    if ((end - before) % 2 === 0) return end
  }
  throw malformed(reader)
}

function openLong(reader: Reader): undefined {
  reader.long = openLongString(reader.text, reader.at)
}

/** Undefined until the string is read to its end. */
function readSlice(reader: Reader, long: LongString): string | undefined {
  try {
    const text = nextSlice(long)
    // Beyond what `readJson` reads between two pauses, for every slice.
    reader.at = long.at
    if (text !== undefined) reader.long = undefined
    return text
  } catch {
    reader.at = long.start
    throw malformed(reader)
  }
}

function readNumber(reader: Reader): View {
  const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
  number.lastIndex = reader.at
  const source = number.exec(reader.text)?.[0]
  if (source === undefined) throw malformed(reader)
  if (source.length > maxNumberLength)
    throw new Failure('unprocessable', `A number in the body is longer than ${maxNumberLength} digits.`)
  return skip(reader, source, numberView(source))
}

const malformed = (reader: Reader): Failure =>
  new Failure('malformed', `The body is not valid JSON at character ${reader.at + 1}.`)
