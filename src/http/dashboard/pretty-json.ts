/** JSON that is nested deeper is indented no further; JSON that is longer is left as it is. */
const [deepest, longest] = [100, 1_000_000]

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gsu

/**
 * JSON laid out over lines; every string and number keeps its spelling, which parsing and printing would not.
 * Undefined for what is no JSON object or list.
 */
export function prettyJson(text: string): string | undefined {
  if (text.length > longest || !/^\s*[[{]/.test(text) || !isJson(text)) return undefined
  let depth = 0
  let out = ''
  const line = () => `\n${'  '.repeat(Math.min(depth, deepest))}`
  const tokens = text.match(token) ?? []
  for (const [i, piece] of tokens.entries()) {
    const isEmpty = isClosing(tokens[i + 1]) && isOpening(piece)
    if (isOpening(piece)) {
      depth += 1
      out += isEmpty ? piece : piece + line()
    } else if (isClosing(piece)) {
      depth -= 1
      out += isOpening(tokens[i - 1]) ? piece : line() + piece
    } else if (piece === ',') out += piece + line()
    else out += piece === ':' ? ': ' : piece
  }
  return out
}

const isOpening = (piece: string | undefined): boolean => piece === '{' || piece === '['
const isClosing = (piece: string | undefined): boolean => piece === '}' || piece === ']'

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
