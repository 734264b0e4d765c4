import { clean } from '../../domain/message.ts'
import type { Screen } from './screen.ts'

/** What to do with many lines when the program is not known to take a paste as one piece. */
export type Multiline =
  /** Join them with spaces. */
  | 'flatten'
  /** Fail: the sender sees why. */
  | 'refuse'
  /** Trust that it takes pastes, where that cannot be known. */
  | 'paste'

export interface TypingRules {
  readonly multiline: Multiline
  /** Longest line in bytes that a terminal in line mode carries: Linux 4,095, macOS 1,023. */
  readonly maxLineBytes: number
}

export const typingRules = (platform: string, multiline: Multiline = 'flatten'): TypingRules => ({
  multiline,
  maxLineBytes: platform === 'darwin' ? 1023 : 4095,
})

/** The text as it will be typed, or why this screen cannot take it. */
export function keystrokes(
  message: string,
  screen: Screen,
  rules: TypingRules,
): { readonly text: string } | { readonly refused: string } {
  const folded = fold(cleanKeys(message), screen, rules.multiline)
  const text = folded && !screen.cooked ? keepEnter(folded) : folded
  if (text === undefined)
    return { refused: 'the message has several lines and this program would take each for a message' }
  if (screen.cooked && longestLine(text) > rules.maxLineBytes)
    return { refused: `a terminal in line mode cuts lines after ${rules.maxLineBytes} bytes` }
  return { text }
}

/** Beyond the domain's cleaning: a tab would complete or indent, and line ends around the text would submit it. */
export const cleanKeys = (message: string): string =>
  clean(message)
    .replaceAll('\t', '    ')
    .replace(/^\n+|\n+$/g, '')

/**
 * A name behind one of these opens a menu in which Enter chooses, and behind a backslash Enter begins a new line in its
 * place: a space behind them keeps Enter what it is.
 */
const keepEnter = (text: string): string =>
  /(?:^|\s)(?:[@$]\S+|[/#][\w./~-]+)$|\\$/.test(text) ? `${text} ` : text

function fold(text: string, screen: Screen, multiline: Multiline): string | undefined {
  if (!text.includes('\n') || screen.bracketedPaste) return text
  if (multiline === 'paste' && screen.bracketedPaste === undefined) return text
  return multiline === 'refuse' ? undefined : text.replace(/\n+/g, ' ')
}

const longestLine = (text: string): number =>
  Math.max(...text.split('\n').map((line) => new TextEncoder().encode(line).length))
