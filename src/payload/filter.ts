import type { Condition, Scalar, Test } from '../domain/hook.ts'
import { namesIn } from './nested.ts'
import { compilePattern } from './pattern.ts'
import { digits, isDigits, memberOf, type View } from './view.ts'

interface FilterSubject {
  readonly payload: View
  /** The value of a request header, by lower-case name. */
  readonly header: (name: string) => string | undefined
}

/** Whether a condition holds, and the clause that decided it. */
export interface Verdict {
  readonly holds: boolean
  /** What is so, in names and values of the condition; nothing of the payload. */
  readonly clause: () => string
}

export type Filter = (subject: FilterSubject) => Verdict

/** Compiles a condition. Throws `config_invalid` for a pattern that does not work. */
export function compileFilter(condition: Condition): Filter {
  if ('all' in condition) return every(condition.all.map(compileFilter))
  if ('any' in condition) return some(condition.any.map(compileFilter))
  if ('not' in condition) return negated(compileFilter(condition.not))
  const test = compileTest(condition)
  if ('header' in condition)
    return ({ header }) =>
      verdictOf(`header ${condition.header}`, test, header(condition.header.toLowerCase()))
  const names = namesOf(condition.path)
  return ({ payload }) =>
    verdictOf(condition.path || 'the payload', test, names.reduce<View | undefined>(member, payload))
}

const verdictOf = (subject: string, test: CompiledTest, value: View | undefined): Verdict => {
  const holds = test.holds(value)
  return { holds, clause: () => `${subject} ${test.fact(holds, value)}` }
}

/** Every path of the payload that a condition looks at. */
export function pathsIn(condition: Condition): readonly string[] {
  if ('all' in condition) return condition.all.flatMap(pathsIn)
  if ('any' in condition) return condition.any.flatMap(pathsIn)
  if ('not' in condition) return pathsIn(condition.not)
  return 'path' in condition ? [condition.path] : []
}

const every =
  (filters: readonly Filter[]): Filter =>
  (subject) =>
    decide(filters, subject, false)

const some =
  (filters: readonly Filter[]): Filter =>
  (subject) =>
    decide(filters, subject, true)

/** The first verdict of this kind decides; without one, all of them do. */
function decide(filters: readonly Filter[], subject: FilterSubject, decisive: boolean): Verdict {
  const verdicts: Verdict[] = []
  for (const filter of filters) {
    const verdict = filter(subject)
    if (verdict.holds === decisive) return verdict
    verdicts.push(verdict)
  }
  return { holds: !decisive, clause: () => verdicts.map(({ clause }) => clause()).join(' and ') }
}

const negated =
  (filter: Filter): Filter =>
  (subject) => {
    const { holds, clause } = filter(subject)
    return { holds: !holds, clause }
  }

const member = (view: View | undefined, name: string): View | undefined =>
  view === undefined ? undefined : memberOf(view, name)

const namesOf = (path: string): readonly string[] => {
  if (path === '') return []
  return path.startsWith('/') ? namesIn(path) : path.split('.')
}

interface CompiledTest {
  readonly holds: (value: View | undefined) => boolean
  /** The end of a sentence that begins with what was tested. */
  readonly fact: (holds: boolean, value: View | undefined) => string
}

function compileTest(test: Test): CompiledTest {
  if ('exists' in test)
    return {
      holds: (value) => (value !== undefined) === test.exists,
      fact: (holds) => (holds === test.exists ? 'is there' : 'is missing'),
    }
  if ('equals' in test) return oneOf([test.equals])
  if ('in' in test) return oneOf(test.in)
  const pattern = compilePattern(test.matches)
  return {
    holds: (value) => {
      const text = textOf(value)
      return text !== undefined && pattern.matches(text)
    },
    fact: (holds, value) =>
      holds
        ? `matches ${test.matches}`
        : `does not match ${test.matches}${cutNote(pattern, textOf(value) ?? '')}`,
  }
}

const cutNote = ({ examined }: ReturnType<typeof compilePattern>, text: string): string =>
  examined(text) < text.length
    ? ` within its first ${examined(text)} characters, which is all that is looked at`
    : ''

/** The fact names the value of the condition that was met, or all of them. */
function oneOf(scalars: readonly Scalar[]): CompiledTest {
  const met = (value: View | undefined) => scalars.filter((one) => isSame(value, one))
  const [only] = scalars
  return {
    holds: (value) => met(value).length > 0,
    fact: (holds, value) =>
      holds || (scalars.length === 1 && only !== undefined)
        ? `is ${holds ? '' : 'not '}${JSON.stringify(holds ? met(value)[0] : only)}`
        : `is none of ${scalars.map((one) => JSON.stringify(one)).join(', ')}`,
  }
}

/** Numbers compare by value, whatever their spelling; values of different types are never the same. */
function isSame(value: View | undefined, scalar: Scalar): boolean {
  if (typeof scalar !== 'number' || value === undefined || !isDigits(value)) return value === scalar
  return Number(value[digits]) === scalar
}

/** The text a pattern is matched against: strings, and numbers and booleans in their spelling. */
function textOf(value: View | undefined): string | undefined {
  if (value === undefined || value === null) return undefined
  if (isDigits(value)) return value[digits]
  return typeof value === 'object' ? undefined : String(value)
}
