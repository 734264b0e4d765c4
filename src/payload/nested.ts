import { setImmediate } from 'node:timers/promises'
import { parseJson } from './json.ts'
import { isList, isObject, memberOf, type View } from './view.ts'

/** What is wrong with a place of the list `parse`, as the end of a sentence; undefined for a good one. */
export function flawOfPlace(place: string): string | undefined {
  if (place === '' || place === '/')
    return 'must be a JSON pointer such as "/Message", or the name of a field'
  return place.startsWith('/') && /~(?![01])/.test(place)
    ? 'is no JSON pointer: ~ is written ~0 there, and / in a name ~1 (RFC 6901)'
    : undefined
}

/**
 * The payload with the strings at these places (JSON pointers, or names of fields) read as the JSON that they hold, one
 * after the other, so that a later place may lie within an earlier one. What holds no list or object stays as it is.
 */
export async function parseNested(payload: View, places: readonly string[]): Promise<View> {
  let view = payload
  for (const place of places) view = await parsedAt(view, namesIn(place))
  return view
}

/** The names that lead to a place (RFC 6901). */
export const namesIn = (place: string): readonly string[] =>
  place.startsWith('/')
    ? place
        .slice(1)
        .split('/')
        .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
    : [place]

async function parsedAt(view: View, [name, ...rest]: readonly string[]): Promise<View> {
  if (name === undefined) return typeof view === 'string' ? jsonIn(view) : view
  const inner = memberOf(view, name)
  if (inner === undefined) return view
  const parsed = await parsedAt(inner, rest)
  return parsed === inner ? view : withMember(view, name, parsed)
}

async function jsonIn(text: string): Promise<View> {
  const view = await parseJson(text, () => setImmediate()).catch(() => text)
  return isList(view) || isObject(view) ? view : text
}

function withMember(view: View, name: string, value: View): View {
  if (isList(view)) return view.map((one, index) => (String(index) === name ? value : one))
  return Object.assign(Object.create(null), view, { [name]: value })
}
