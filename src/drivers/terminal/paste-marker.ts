import { ink } from './ink.ts'

/**
 * Stand-ins that agents show for a long paste: `[Pasted text #1 +12 lines]`, `[Pasted Content 6937 chars]`. A message may spell
 * such a thing as well; what it spells itself stands for nothing.
 */
const marker = /\[\s*past(?:e|ed)\b[^[\]]{0,40}\d[^[\]]{0,40}\]/giu

export const markersIn = (text: string): readonly string[] => (text.match(marker) ?? []).map(ink)

/** Whether an input box holds a marker, and no letter beside it. */
export const isMarker = (input: string): boolean =>
  markersIn(input).length === 1 && ink(input.replace(marker, '')) === ''

/** Where in an input box a marker stands that the text does not spell. */
export function markerFor(
  text: string,
  input: string,
): { readonly from: number; readonly to: number } | undefined {
  const spelled = markersIn(text)
  const found = [...input.matchAll(marker)].find(([shown]) => !spelled.includes(ink(shown)))
  return found && { from: found.index, to: found.index + found[0].length }
}
