import type { Condition, Scalar, Test } from '../domain/hook.ts'
import { compilePattern } from './pattern.ts'
import { digits, isDigits, memberOf, type View } from './view.ts'

interface FilterSubject {
  readonly payload: View
  /** The value of a request header, by lower-case name. */
  readonly header: (name: string) => string | undefined
}

export type Filter = (subject: FilterSubject) => boolean

/** Compiles a condition. Throws `config_invalid` for a pattern that does not work. */
export function compileFilter(condition: Condition): Filter {
  if ('all' in condition) return every(condition.all.map(compileFilter))
  if ('any' in condition) return some(condition.any.map(compileFilter))
  if ('not' in condition) return negated(compileFilter(condition.not))
  const test = compileTest(condition)
  if ('header' in condition) return ({ header }) => test(header(condition.header.toLowerCase()))
  const names = namesOf(condition.path)
  return ({ payload }) => test(names.reduce<View | undefined>(member, payload))
}

const every =
  (filters: readonly Filter[]): Filter =>
  (subject) =>
    filters.every((filter) => filter(subject))

const some =
  (filters: readonly Filter[]): Filter =>
  (subject) =>
    filters.some((filter) => filter(subject))

const negated =
  (filter: Filter): Filter =>
  (subject) =>
    !filter(subject)

const member = (view: View | undefined, name: string): View | undefined =>
  view === undefined ? undefined : memberOf(view, name)

function namesOf(path: string): readonly string[] {
  if (path === '') return []
  if (!path.startsWith('/')) return path.split('.')
  return path
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function compileTest(test: Test): (value: View | undefined) => boolean {
  if ('exists' in test) return (value) => (value !== undefined) === test.exists
  if ('equals' in test) return (value) => isSame(value, test.equals)
  if ('in' in test) return (value) => test.in.some((one) => isSame(value, one))
  const pattern = compilePattern(test.matches)
  return (value) => {
    const text = textOf(value)
    return text !== undefined && pattern(text)
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
