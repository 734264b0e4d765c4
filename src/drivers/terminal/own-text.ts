import { ink, mapInk } from './ink.ts'
import { isMarker, markerFor } from './paste-marker.ts'

/** A text that we typed and that may stand in the input box. */
export interface OwnText {
  readonly text: string
  /** Enter was pressed behind it, so the program may have put it away. */
  entered: boolean
}

/** Whether what stands in the input box is not, or is not part of, the text that we typed. */
export function isForeign(own: OwnText | undefined, input: string): boolean {
  if (input.trim() === '') return false
  if (!own) return true
  const [shown, whole] = [boxInk(input), boxInk(own.text)]
  if (isMarker(input) || shown === '') return false
  return own.entered
    ? shown !== whole && !(shown.length > certain && whole.endsWith(shown))
    : !whole.includes(shown)
}

const certain = 24

/** Without the frames of a box: an input box may have more of them than a text. */
export const boxInk = (text: string): string => ink(text).replaceAll('|', '')

/** A text of ours as it stands in the input box, and what a person typed beside it. */
export interface OwnPart {
  /** How often Backspace is to be pressed behind it to take it back. */
  readonly keys: number
  readonly before: string
  readonly after: string
}

/** Where a text of ours stands in the input box, whole, as a marker, or its end where a box shows no more; else undefined. */
export function ownPart(text: string, input: string): OwnPart | undefined {
  const folded = markerFor(text, input)
  if (folded) return partOf(input, folded.from, folded.to, 1)
  const [shown, whole] = [mapInk(input), ink(text)]
  if (whole === '') return undefined
  for (const part of [whole, whole.slice(-certain)]) {
    const at = shown.ink.lastIndexOf(part)
    if (at >= 0)
      return partOf(input, shown.from[at] ?? 0, shown.to[at + part.length - 1] ?? 0, graphemes(text))
  }
  // Alone it stands for the text, even if that spells the very same.
  return isMarker(input) ? partOf(input, 0, input.length, 1) : undefined
}

const partOf = (input: string, from: number, to: number, keys: number): OwnPart => ({
  ...{ before: input.slice(0, from), after: input.slice(to), keys },
})

/**
 * What is left of a text of which keys took the end back, given what a person typed beside it; undefined when nothing is,
 * or when it may as well be a person's.
 */
export function restOf(text: string, input: string, { before, after }: OwnPart): OwnPart | undefined {
  const [shown, head, tail, whole] = [mapInk(input), ink(before), ink(after), ink(text)]
  const middle = shown.ink.slice(head.length)
  if (!shown.ink.startsWith(head) || (tail !== '' && middle.startsWith(tail))) return undefined
  const least = tail === '' && plain.test(text) ? 2 : 1
  for (let length = Math.min(whole.length, middle.length); length >= least; length--) {
    const rest = middle.slice(length)
    if (!whole.startsWith(middle.slice(0, length)) || !(tail === '' ? rest === '' : rest.startsWith(tail)))
      continue
    return { before, after: input.slice(shown.from[head.length + length] ?? input.length), keys: length }
  }
  return undefined
}

/** Texts of which a Backspace takes one character back in every program. */
const plain = /^[\x20-\x7e]*$/

export const graphemes = (text: string): number => [...segmenter.segment(text)].length

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
