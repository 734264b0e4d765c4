import { isList, isObject, memberOf, type View, type ViewObject } from '../payload/view.ts'

/** The value under a dotted path, or null. */
export const at = (view: View, path: string): View =>
  path.split('.').reduce<View>((found, name) => memberOf(found, name) ?? null, view)

/** The string under a dotted path, or an empty one. */
export function textAt(view: View, path: string): string {
  const found = at(view, path)
  return typeof found === 'string' ? found : ''
}

export function listAt(view: View, path: string): readonly View[] {
  const found = at(view, path)
  return isList(found) ? found : []
}

export const firstLine = (text: string): string => text.split('\n', 1)[0] ?? ''

/** `refs/heads/main` → `main` */
export const refName = (ref: string): string => ref.replace(/^refs\/(heads|tags)\//, '')

/** The first few of a list, and how many more there are (null for none, so that a section can ask). */
export const firstFew = (list: readonly View[], most: number): { shown: readonly View[]; more: View } => ({
  shown: list.slice(0, most),
  more: list.length > most ? list.length - most : null,
})

/** An object with further names beside its own. */
export const extended = (view: View, more: ViewObject): ViewObject =>
  Object.assign(Object.create(null), isObject(view) ? view : {}, more)
