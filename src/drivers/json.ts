export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The objects of a JSON text, which is one object or a list of them; greetings around it are passed over. */
export function readObjects(text: string): readonly JsonObject[] {
  const whole = parseJson(text.trim()) ?? parseJson(between(text)) ?? readRows(text)
  return (Array.isArray(whole) ? whole : [whole]).filter(isObject)
}

/** The objects among the lines of a text; other lines are passed over. */
export const readRows = (text: string): readonly JsonObject[] =>
  text
    .split('\n')
    .map((line) => (line.trimStart().startsWith('{') ? parseJson(line) : undefined))
    .filter(isObject)

/** The text at a path of names, if there is one. */
export function textAt(value: Json | undefined, ...path: readonly string[]): string | undefined {
  const at = path.reduce<Json | undefined>(
    (inside, name) => (isObject(inside) && Object.hasOwn(inside, name) ? inside[name] : undefined),
    value,
  )
  return typeof at === 'string' ? at : undefined
}

/** From the first line that opens a value to the last bracket. */
function between(text: string): string {
  const start = text.search(/^[[{]/m)
  return text.slice(Math.max(0, start), Math.max(text.lastIndexOf('}'), text.lastIndexOf(']')) + 1)
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
