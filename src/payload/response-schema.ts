import { Buffer } from 'node:buffer'
import type { Fit } from '../domain/answer.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import { type PreparedSchema, prepareSchema } from './schema-parts.ts'

const mostSchemaBytes = 16_384
const mostAnswerBytes = 65_536
const mostFlaws = 5

/**
 * A JSON Schema from a request as it is kept: compact JSON. Throws `unprocessable`, saying why, for one that cannot be compiled, is too
 * large or too deep, refers to anything outside itself, or needs what is not checked here.
 */
export async function parseResponseSchema(given: unknown): Promise<string> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw refused('it must be a JSON object')
  const schema = JSON.stringify(given)
  if (Buffer.byteLength(schema) > mostSchemaBytes) throw refused(`it is longer than ${mostSchemaBytes} bytes`)
  try {
    const validate = await compile(schema)
    for (const value of samples) validate(value)
  } catch (thrown) {
    throw refused(whyOf(thrown))
  }
  return schema
}

/** Of every type one: a schema that never comes to an end, or names what is not there, shows it. */
const samples: readonly unknown[] = [null, true, 0, '', [], {}, [null, {}], { a: null }]

/** `schema` is one that `parseResponseSchema` returned; `answer` the agent's, JSON as it is or in its last fence. */
export async function fitOf(schema: string, answer: string): Promise<Fit> {
  if (Buffer.byteLength(answer) > mostAnswerBytes) return misfit(`it is longer than ${mostAnswerBytes} bytes`)
  const read = readAnswer(answer)
  if (read === undefined) return misfit('it is no JSON')
  try {
    const validate = await compile(schema)
    const flaws = validate(read.value)
    return flaws.length === 0 ? { fits: true, json: read.json } : misfit(flaws.slice(0, mostFlaws).join('; '))
  } catch (thrown) {
    return misfit(whyOf(thrown))
  }
}

const misfit = (flaw: string): Fit => ({ fits: false, flaw })

const refused = (why: string): Failure =>
  new Failure('unprocessable', `"responseSchema" does not work: ${why}.`)

/** A schema that calls itself for the same value without end runs out of stack. */
const whyOf = (thrown: unknown): string =>
  thrown instanceof RangeError ? 'it goes too deep, or never ends' : reasonOf(thrown).replace(/\.$/, '')

interface Read {
  readonly json: string
  readonly value: unknown
}

function readAnswer(answer: string): Read | undefined {
  const fences = [...answer.matchAll(/^[ \t]*```[^\n`]*\n([\s\S]*?)\n[ \t]*```[ \t]*$/gm)]
  return parsed(answer) ?? parsed(fences.at(-1)?.[1] ?? '')
}

function parsed(text: string): Read | undefined {
  try {
    return { json: text.trim(), value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

type Validate = (value: unknown) => readonly string[]

/** The validator comes in only where a schema does. */
async function compile(schema: string): Promise<Validate> {
  const { validate, dereference, format } = await import('@cfworker/json-schema')
  const prepared = prepareSchema(JSON.parse(schema))
  const lookup = dereference(prepared.root)
  for (const ref of prepared.refs())
    if (lookup[ref] === undefined) throw new Error('a "$ref" leads nowhere in it')
  return (value) => {
    prepared.begin(value)
    // Its table of formats is the one place where a test of ours can stand; nothing else runs until it is gone.
    prepared.tests.forEach(({ holds }, n) => {
      format[testName(n)] = (text) => holds(text, format)
    })
    try {
      const { errors } = validate(value, prepared.root, prepared.draft, lookup, false)
      return flawsIn(errors, prepared)
    } finally {
      for (const n of prepared.tests.keys()) delete format[testName(n)]
    }
  }
}

const testName = (n: number): string => `postern:${n}`

interface Trouble {
  /** `#/a/0` */
  readonly instanceLocation: string
  readonly keywordLocation: string
  readonly error: string
}

/** What is wrong at its root; that something around it is wrong, too, says nothing. */
const flawsIn = (errors: readonly Trouble[], prepared: PreparedSchema): readonly string[] =>
  errors
    .filter(
      ({ keywordLocation: at, error }) =>
        error !== falseSchema && !errors.some((other) => other.keywordLocation.startsWith(`${at}/`)),
    )
    .map(({ instanceLocation, error }) => `${placeOf(instanceLocation)}: ${inWords(error, prepared)}`)

const falseSchema = 'False boolean schema.'

const placeOf = (location: string): string => (location === '#' ? 'at the top' : `at ${location.slice(1)}`)

const inWords = (error: string, { tests }: PreparedSchema): string =>
  error
    .replace(/format "postern:(\d+)"/, (_, n) => tests[Number(n)]?.what ?? '')
    .replace(/^Instance type "(\w+)" is invalid\. Expected "(.*)"\.$/, 'it is of type $1, not "$2".')
    .replace(/^Instance /, 'it ')
    .replace(/^String /, 'the text ')
    .replace(/\.$/, '')
