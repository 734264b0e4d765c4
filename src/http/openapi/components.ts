type Json = { readonly [name: string]: unknown }

/**
 * Models as OpenAPI 3.0 spells them, wherever they stand in `parts`: those with an `$id` are referred to and stand
 * once among the `schemas`; constants are enums, and null is a property of the rest.
 */
export function components<T extends Json>(parts: T): { readonly schemas: Json; readonly resolved: T } {
  const schemas: Record<string, unknown> = {}
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve)
    if (typeof value !== 'object' || value === null) return value
    const { $id, ...model }: Json = { ...value }
    if (typeof $id !== 'string') return members(spelled(model))
    schemas[$id] ??= members(spelled(model))
    return { $ref: `#/components/schemas/${$id}` }
  }
  /** Examples are data, whatever they look like. */
  const members = (model: Json): Json =>
    Object.fromEntries(
      Object.entries(model).map(([name, value]) => [name, name === 'example' ? value : resolve(value)]),
    )
  return { schemas, resolved: resolve(parts) as T }
}

function spelled({ errorMessage, contentMediaType, ...model }: Json): Json {
  const { const: only, anyOf, ...rest } = model
  if (only !== undefined) return { ...rest, enum: [only] }
  if (!Array.isArray(anyOf)) return model
  const choices: readonly Json[] = anyOf.filter(({ type }) => type !== 'null').map(spelled)
  const nullable = choices.length < anyOf.length && { nullable: true }
  return { ...oneChoice(choices.map((choice) => ({ ...choice, ...nullable }))), ...rest }
}

function oneChoice(choices: readonly Json[]): Json {
  const [first, ...others] = choices
  if (first && others.length === 0) return first
  const values = choices.flatMap((choice) => (Array.isArray(choice.enum) ? choice.enum : []))
  return values.length === choices.length ? { type: 'string', enum: values } : { anyOf: choices }
}
