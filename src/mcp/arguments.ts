import { suggestion } from '../domain/nearest.ts'
import type { Arguments, InputSchema, Property } from './tools.ts'

/** Without the nulls that some models write for what they leave out. */
export const givenOf = ({ properties }: InputSchema, args: Arguments): Arguments =>
  Object.fromEntries(
    Object.entries(args).filter(([name, value]) => value !== null || properties[name]?.type === undefined),
  )

/** Why these arguments do not fit, in a sentence that names the argument; undefined where they do. */
export function flawIn(schema: InputSchema, args: Arguments): string | undefined {
  const names = Object.keys(schema.properties)
  for (const name of Object.keys(args))
    if (!names.includes(name)) return `There is no argument "${name}". ${suggestion(name, names)}`
  for (const name of schema.required ?? []) if (args[name] === undefined) return `"${name}" is missing.`
  for (const [name, property] of Object.entries(schema.properties)) {
    const why = args[name] === undefined ? undefined : flawOf(property, args[name])
    if (why !== undefined) return `"${name}" must be ${why}.`
  }
  return undefined
}

function flawOf(property: Property, value: unknown): string | undefined {
  if (property.enum && !property.enum.some((one) => one === value))
    return `one of ${property.enum.join(', ')}`
  if (property.type === 'string') return textFlaw(property, value)
  return property.type === 'integer' ? numberFlaw(property, value) : undefined
}

function textFlaw({ minLength = 0, maxLength = Number.POSITIVE_INFINITY }: Property, value: unknown) {
  if (typeof value !== 'string') return 'a text'
  const length = [...value].length
  if (length < minLength) return 'a text that is not empty'
  return length > maxLength ? `a text of at most ${maxLength} characters` : undefined
}

function numberFlaw({ minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: Property, value: unknown) {
  if (Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum) return undefined
  return maximum === Number.MAX_SAFE_INTEGER
    ? `a whole number from ${minimum} on`
    : `a whole number from ${minimum} to ${maximum}`
}
