import { Errors, type ValueError, ValueErrorType } from '@sinclair/typebox/errors'
import { nearest } from '../domain/nearest.ts'
import type { ConfigPath, Problem } from './problem.ts'
import { documentSchema } from './schema.ts'

/** What is wrong with a document by the schema. Suggests the nearest known key for an unknown one. */
export const validate = (document: unknown): readonly Problem[] =>
  problemsOf([...Errors(documentSchema, document)])

/** The schema for editors: plain JSON Schema. */
export const jsonSchema = (): Readonly<Record<string, unknown>> => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  ...JSON.parse(JSON.stringify(documentSchema)),
})

/** The first at each place: the others there repeat it. */
function problemsOf(errors: readonly ValueError[]): readonly Problem[] {
  const seen = new Set<string>()
  return errors.flatMap((error) => {
    if (seen.has(error.path)) return []
    seen.add(error.path)
    const branch = error.type === ValueErrorType.Union ? nearestBranch(error) : undefined
    return branch ? problemsOf(branch) : [{ path: pathOf(error), what: sentence(error) }]
  })
}

/** Of several shapes a value may have, the only one near to it. */
function nearestBranch(union: ValueError): readonly ValueError[] | undefined {
  const branches = union.errors.map((errors) => [...errors])
  const near = branches.filter((errors) => errors.every((error) => error.path !== union.path))
  const nearer = near.filter((errors) => !errors.some(isAboutKeys))
  const [only, ...others] = nearer.length > 0 ? nearer : near
  return others.length === 0 ? only : undefined
}

const isAboutKeys = ({ type }: ValueError): boolean =>
  type === ValueErrorType.ObjectAdditionalProperties || type === ValueErrorType.ObjectRequiredProperty

function sentence(error: ValueError): string {
  if (error.type === ValueErrorType.ObjectAdditionalProperties) return unknownKey(error)
  if (error.type === ValueErrorType.ObjectRequiredProperty) return 'is missing'
  const message: unknown = error.schema.errorMessage
  return typeof message === 'string' ? message : fallback(error)
}

function unknownKey(error: ValueError): string {
  const known = Object.keys(error.schema.properties ?? {})
  const near = nearest(String(pathOf(error).at(-1)), known)
  return `unknown key; ${near === undefined ? `known are ${known.join(', ')}` : `did you mean "${near}"?`}`
}

/** The schema library's own message, which never shows the value. */
const fallback = ({ message }: ValueError): string => message.replace(/^Expected/, 'expected')

const pathOf = ({ path }: ValueError): ConfigPath =>
  path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
