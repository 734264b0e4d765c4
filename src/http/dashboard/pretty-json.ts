/** JSON that is nested deeper is indented no further; JSON that is longer is left as it is. */
const [deepest, longest] = [100, 1_000_000]

const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/gs

/**
 * JSON laid out over lines, not far beyond its first `most` characters; every string and number keeps its spelling, which parsing
 * and printing would not. Undefined for what is no JSON object or list.
 */
export function prettyJson(text: string, most: number): string | undefined {
  if (text.length > longest || !/^\s*[[{]/.test(text) || !isJson(text)) return undefined
  let depth = 0
  let out = ''
  let before = ''
  const line = () => `\n${'  '.repeat(Math.min(depth, deepest))}`
  for (const [piece] of text.matchAll(token)) {
    if (out.length > most) break
    if (isClosing(piece)) depth -= 1
    if (isClosing(piece) ? !isOpening(before) : isOpening(before) || before === ',') out += line()
    if (isOpening(piece)) depth += 1
    out += piece === ':' ? ': ' : piece
    before = piece
  }
  return out
}

const isOpening = (piece: string): boolean => piece === '{' || piece === '['
const isClosing = (piece: string): boolean => piece === '}' || piece === ']'

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
