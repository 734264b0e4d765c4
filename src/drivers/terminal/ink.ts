/**
 * What of a text every screen shows alike, for comparison with what one shows. Left out are spaces, the lines that boxes
 * are made of, and whatever terminals show each in their own way or not at all: combining marks, invisible and unassigned
 * characters, emoji, signs newer than a terminal's tables, and scripts written from right to left.
 */
export const ink = (text: string): string =>
  plain.test(text) ? text.replace(/\s/g, '') : text.normalize('NFD').replace(leavesNone, '')

const plain = /^[\t\n\x20-\x7e]*$/

const leavesNone =
  /[\s\u2500-\u259f\p{M}\p{C}\p{Extended_Pictographic}\u{10000}-\u{10ffff}\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\ufffd]/gu

/** Where each piece of a text's ink stands in it: `from[i]` to `to[i]` for `ink[i]`. */
export interface InkMap {
  readonly ink: string
  readonly from: readonly number[]
  readonly to: readonly number[]
}

export function mapInk(text: string): InkMap {
  const map = { ink: '', from: [] as number[], to: [] as number[] }
  let at = 0
  for (const char of text) {
    for (const piece of ink(char)) {
      map.ink += piece
      map.from.push(at)
      map.to.push(at + char.length)
    }
    at += char.length
  }
  return map
}
