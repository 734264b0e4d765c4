import { digits, isDigits, isList, isObject, type View } from './view.ts'

/** What a template is rendered onto: bounded in length and in work, so that no payload can hold the event loop. */
export interface Page {
  readonly parts: string[]
  /** UTF-16 units that may still be written. */
  room: number
  /** Steps of work that may still be done. */
  steps: number
  /** Why rendering stopped, once it did. */
  overrun: string | undefined
}

export const createPage = (maxLength: number, maxSteps: number): Page => ({
  parts: [],
  room: maxLength,
  steps: maxSteps,
  overrun: undefined,
})

/** Counts work; true while there is some left. */
export function spend(page: Page): boolean {
  if (--page.steps < 0) page.overrun ??= 'rendering takes too much work'
  return page.overrun === undefined
}

export function write(page: Page, text: string): void {
  page.room -= text.length
  if (page.room < 0) page.overrun ??= 'the rendered text is too long'
  else if (text !== '') page.parts.push(text)
}

/** Takes back what was written since the page had so many parts. */
export function tear(page: Page, mark: number): string {
  const text = page.parts.splice(mark).join('')
  page.room += text.length
  return text
}

/** A value as text: strings and numbers as they were sent, lists and objects as JSON, missing and null as nothing. */
export function print(page: Page, view: View | undefined): void {
  if (view === undefined || view === null) return
  if (typeof view === 'string') write(page, view)
  else printJson(page, view, 0)
}

const maxDepth = 256

function printJson(page: Page, view: View, depth: number): void {
  if (!spend(page)) return
  if (depth > maxDepth) page.overrun ??= 'a value nests too deeply'
  else if (isDigits(view)) write(page, view[digits])
  else if (isList(view)) printList(page, view, depth)
  else if (isObject(view)) printObject(page, view, depth)
  else printScalar(page, view)
}

function printList(page: Page, list: readonly View[], depth: number): void {
  write(page, '[')
  for (let i = 0; i < list.length && page.overrun === undefined; i++) {
    if (i > 0) write(page, ',')
    printJson(page, list[i] ?? null, depth + 1)
  }
  write(page, ']')
}

function printObject(page: Page, object: { readonly [name: string]: View }, depth: number): void {
  let before = '{'
  for (const name in object) {
    if (page.overrun !== undefined) return
    write(page, before)
    printScalar(page, name)
    write(page, ':')
    printJson(page, object[name] ?? null, depth + 1)
    before = ','
  }
  write(page, before === '{' ? '{}' : '}')
}

function printScalar(page: Page, view: View): void {
  if (typeof view === 'string' && view.length > page.room) page.overrun ??= 'the rendered text is too long'
  else write(page, JSON.stringify(view))
}
