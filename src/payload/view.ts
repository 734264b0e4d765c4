/** A number whose spelling JavaScript would change (`12345678901234567890`, `1.10`, `1e400`): kept as it was sent. */
export interface Digits {
  readonly [digits]: string
}

/** What a template or a filter sees of a payload. Objects have no prototype; nothing in it can be called. */
export type View = null | boolean | number | string | Digits | readonly View[] | ViewObject

export interface ViewObject {
  readonly [name: string]: View
}

export const digits: unique symbol = Symbol('digits')

/** The number a JSON text spells, keeping every digit of it. */
export function numberView(source: string): number | Digits {
  const value = Number(source)
  return String(value) === source ? value : { [digits]: source }
}

export const isDigits = (view: View): view is Digits =>
  typeof view === 'object' && view !== null && digits in view

export const isList = (view: View): view is readonly View[] => Array.isArray(view)

export const isObject = (view: View): view is ViewObject =>
  typeof view === 'object' && view !== null && !Array.isArray(view) && !(digits in view)

/** A member that is the payload's own: prototypes, `length` and accessors are out of reach. */
export function memberOf(view: View, name: string): View | undefined {
  if (isList(view)) return /^(0|[1-9]\d{0,8})$/.test(name) ? view[Number(name)] : undefined
  if (!isObject(view) || !Object.hasOwn(view, name)) return undefined
  const value = Object.getOwnPropertyDescriptor(view, name)?.value
  return typeof value === 'function' ? undefined : value
}
