import { digits, isDigits, isList, isObject, type View } from './view.ts'

/** Where a template is rendered to: bounded in length and in work, so that no payload can hold the event loop. */
export interface Output {
  readonly parts: string[]
  /** UTF-16 units that may still be written. */
  room: number
  /** Steps of work that may still be done. */
  steps: number
  /** Why rendering stopped, once it did. */
  overrun: string | undefined
}

export const createOutput = (maxLength: number, maxSteps: number): Output => ({
  parts: [],
  room: maxLength,
  steps: maxSteps,
  overrun: undefined,
})

/** Counts work; true while there is some left. */
export function spend(output: Output): boolean {
  if (--output.steps < 0) output.overrun ??= 'rendering takes too much work'
  return output.overrun === undefined
}

export function write(output: Output, text: string): void {
  output.room -= text.length
  if (output.room < 0) output.overrun ??= 'the rendered text is too long'
  else if (text !== '') output.parts.push(text)
}

/** Removes and returns what was written since the output had so many parts. */
export function takeBack(output: Output, mark: number): string {
  const text = output.parts.splice(mark).join('')
  output.room += text.length
  return text
}

/** A value as text: strings and numbers as they were sent, lists and objects as JSON, missing and null as nothing. */
export function print(output: Output, view: View | undefined): void {
  if (view === undefined || view === null) return
  if (typeof view === 'string') write(output, view)
  else printJson(output, view, 0)
}

const maxDepth = 256

function printJson(output: Output, view: View, depth: number): void {
  if (!spend(output)) return
  if (depth > maxDepth) output.overrun ??= 'a value nests too deeply'
  else if (isDigits(view)) write(output, view[digits])
  else if (isList(view)) printList(output, view, depth)
  else if (isObject(view)) printObject(output, view, depth)
  else printScalar(output, view)
}

function printList(output: Output, list: readonly View[], depth: number): void {
  write(output, '[')
  for (let i = 0; i < list.length && output.overrun === undefined; i++) {
    if (i > 0) write(output, ',')
    printJson(output, list[i] ?? null, depth + 1)
  }
  write(output, ']')
}

function printObject(output: Output, object: { readonly [name: string]: View }, depth: number): void {
  let before = '{'
  for (const name in object) {
    if (output.overrun !== undefined) return
    write(output, before)
    printScalar(output, name)
    write(output, ':')
    printJson(output, object[name] ?? null, depth + 1)
    before = ','
  }
  write(output, before === '{' ? '{}' : '}')
}

function printScalar(output: Output, view: View): void {
  if (typeof view === 'string' && view.length > output.room)
    output.overrun ??= 'the rendered text is too long'
  else write(output, JSON.stringify(view))
}
