import { compilePattern } from './pattern.ts'
import { isObject, isText, lists, maps, plain, singles, unchecked, unseen } from './schema-keywords.ts'

/** A schema made ready for a validator that has no bounds of its own. */
export interface PreparedSchema {
  readonly root: Prepared
  readonly draft: Draft
  /** Where its references lead, once the validator has spelled them out. */
  readonly refs: () => readonly string[]
  /** What texts must pass: `format: 'postern:<n>'` in the prepared schema stands for the n-th. */
  readonly tests: readonly TextTest[]
  /** Before each validation of a value, which throws when it takes too many steps. */
  readonly begin: (value: unknown) => void
}

type Draft = '4' | '7' | '2019-09' | '2020-12'

/** A part of a schema, without a prototype. */
interface Prepared {
  [keyword: string]: unknown
}

interface TextTest {
  /** `formats`: the validator's own. */
  readonly holds: (text: string, formats: Formats) => boolean
  /** For example `the pattern "^a"`. */
  readonly what: string
}

type Formats = Readonly<Record<string, (text: string) => boolean>>

const mostDepth = 32
/** A part of the schema looked at, an entry of its lists by eights, a quarter of a character that a pattern looks at: about 3 µs. */
const mostSteps = 100_000
/** In a longer list no duplicates are looked for: that takes the square of its length. */
const longestUnique = 1000
/** In a longer text no format is recognised. */
const longestFormatted = 2048

/**
 * Copies a schema so that checking by it takes a bounded time: patterns run on an engine of linear time, visits are counted. Throws a
 * sentence for what is no schema, and for what is not checked here.
 */
export function prepareSchema(schema: { [keyword: string]: unknown }): PreparedSchema {
  let steps = 0
  const tests: TextTest[] = []
  const parts: Prepared[] = []
  const spend = (more: number) => {
    steps += more
    if (steps > mostSteps) throw new Error('it takes too many steps to check')
  }
  return {
    draft: draftOf(schema),
    root: copyOf(schema, { parts, tests, spend }, 1),
    refs: () => parts.flatMap(({ __absolute_ref__: ref }) => (typeof ref === 'string' ? [ref] : [])),
    tests,
    begin: (value) => {
      steps = 0
      if (parts.some(({ uniqueItems }) => uniqueItems === true) && longestList(value) > longestUnique)
        throw new Error(`it has a list of more than ${longestUnique} items, too long for "uniqueItems"`)
    },
  }
}

const drafts: readonly (readonly [RegExp, Draft])[] = [
  [/\/2020-12\//, '2020-12'],
  [/\/2019-09\//, '2019-09'],
  [/\/draft-0[67]\//, '7'],
  [/\/draft-04\//, '4'],
]

function draftOf({ $schema = 'https://json-schema.org/draft/2020-12/schema' }: { $schema?: unknown }): Draft {
  const found = drafts.find(([pattern]) => typeof $schema === 'string' && pattern.test($schema))
  if (!found) throw new Error('its "$schema" is none of 2020-12, 2019-09, draft-07, draft-06 and draft-04')
  return found[1]
}

interface Copying {
  readonly parts: Prepared[]
  readonly tests: TextTest[]
  /** Called whenever the validator comes to a part. */
  readonly spend: (steps: number) => void
}

function copyOf(schema: { [keyword: string]: unknown }, copying: Copying, depth: number): Prepared {
  if (depth > mostDepth) throw new Error(`it is deeper than ${mostDepth} levels`)
  const copy: Prepared = Object.create(null)
  copying.parts.push(copy)
  // Of every part it reads this keyword, which no schema here has.
  const cost = costOf(schema)
  Object.defineProperty(copy, '$recursiveRef', { get: () => copying.spend(cost) })
  for (const [keyword, value] of Object.entries(schema)) {
    const kept = partOf(keyword, value, (inner) => innerOf(inner, keyword, copying, depth + 1))
    if (kept !== undefined) copy[keyword] = kept
  }
  const test = testOf(schema, copying.spend)
  if (test) copy.format = `postern:${copying.tests.push(test) - 1}`
  return copy
}

const costOf = ({ enum: values, properties, required }: { [keyword: string]: unknown }): number =>
  [values, properties, required].reduce<number>(
    (cost, entries) => cost + (isEntries(entries) ? Object.keys(entries).length / 8 : 0),
    1,
  )

const isEntries = (value: unknown): value is object => typeof value === 'object' && value !== null

/** The length of the longest list in a value. */
function longestList(value: unknown): number {
  let longest = 0
  const left = [value]
  for (let next = left.pop(); left.length > 0 || next !== undefined; next = left.pop()) {
    if (Array.isArray(next)) longest = Math.max(longest, next.length)
    if (isEntries(next)) left.push(...Object.values(next))
  }
  return longest
}

/** A part within a part: an object, or whether anything fits at all. */
function innerOf(inner: unknown, keyword: string, copying: Copying, depth: number): Prepared | boolean {
  if (typeof inner === 'boolean') return inner
  if (!isObject(inner)) throw wrong(keyword, 'schemas')
  return copyOf(inner, copying, depth)
}

/** Undefined for what the validator need not see. */
function partOf(keyword: string, value: unknown, inner: (value: unknown) => unknown): unknown {
  if (unchecked.includes(keyword)) throw new Error(`"${keyword}" is not checked here`)
  if (unseen.includes(keyword)) return undefined
  const [what, isSo] = plain[keyword] ?? []
  if (isSo) {
    if (!isSo(value)) throw wrong(keyword, what ?? '')
    return value
  }
  if (lists.includes(keyword) && Array.isArray(value)) return value.map(inner)
  if (lists.includes(keyword) && keyword !== 'items') throw wrong(keyword, 'a list')
  if (maps.includes(keyword)) {
    if (!isObject(value)) throw wrong(keyword, 'an object')
    return Object.assign(
      Object.create(null),
      Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inner(each)])),
    )
  }
  return keyword === 'items' || singles.includes(keyword) || isObject(value) ? inner(value) : undefined
}

const wrong = (keyword: string, what: string): Error => new Error(`"${keyword}" must be ${what}`)

function testOf(
  { pattern, format }: { pattern?: unknown; format?: unknown },
  spend: Copying['spend'],
): TextTest | undefined {
  const byPattern = pattern === undefined ? undefined : patternTest(pattern, spend)
  const byFormat = isText(format) && formats.includes(format) ? formatTest(format) : undefined
  if (!byPattern || !byFormat) return byPattern ?? byFormat
  return {
    what: `${byPattern.what} and ${byFormat.what}`,
    holds: (text, known) => byPattern.holds(text, known) && byFormat.holds(text, known),
  }
}

function patternTest(pattern: unknown, spend: Copying['spend']): TextTest {
  if (!isText(pattern)) throw wrong('pattern', 'a text')
  const { matches, examined } = compilePattern(pattern)
  return {
    what: `the pattern ${JSON.stringify(pattern)}`,
    holds: (text) => {
      spend(4 * examined(text))
      return matches(text)
    },
  }
}

/** Recognised in a time that only grows with the text; every other format is a remark, as JSON Schema has it. */
const formats = ['date', 'time', 'date-time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid', 'uri']

const formatTest = (format: string): TextTest => ({
  what: `the format ${format}`,
  holds: (text, known) =>
    text.length <= longestFormatted &&
    (format === 'uri' ? URL.canParse(text) : known[format]?.(text) === true),
})
