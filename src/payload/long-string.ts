/** A JSON string that is too long to be read in one piece. Offsets are into the text it stands in. */
export interface LongString {
  readonly text: string
  /** Of its opening quote. */
  readonly start: number
  /** Of what has not been read yet. */
  at: number
  readonly parts: string[]
}

export const openLongString = (text: string, start: number): LongString => ({
  text,
  start,
  at: start + 1,
  parts: [],
})

const charactersPerSlice = 262_144

/**
 * Reads the next slice; the string once its end is reached, and then `at` is behind the closing quote. Throws
 * `SyntaxError` for what is no JSON.
 */
export function nextSlice(long: LongString): string | undefined {
  const slice = long.text.slice(long.at, long.at + charactersPerSlice)
  const quote = closingQuote(slice)
  const end = quote ?? beforeEscape(slice)
  if (quote === undefined && end === 0) throw new SyntaxError('The string does not end.')
  long.parts.push(JSON.parse(`"${slice.slice(0, end)}"`))
  long.at += quote === undefined ? end : end + 1
  return quote === undefined ? undefined : long.parts.join('')
}

/** The first quote that no backslash takes back. */
function closingQuote(slice: string): number | undefined {
  for (let at = slice.indexOf('"'); at >= 0; at = slice.indexOf('"', at + 1))
    if (backslashesBefore(slice, at) % 2 === 0) return at
  return undefined
}

function backslashesBefore(slice: string, end: number): number {
  let at = end
  while (slice[at - 1] === '\\') at--
  return end - at
}

/** The end of a slice, moved before the escape that it would cut, `\n` or `\u00e9`. */
function beforeEscape(slice: string): number {
  const end = slice.length
  for (let at = end; at > Math.max(0, end - 5); at--)
    if (backslashesBefore(slice, at) % 2 === 1) return at === end || slice[at] === 'u' ? at - 1 : end
  return end
}
