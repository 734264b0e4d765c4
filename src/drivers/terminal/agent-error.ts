import type { AgentKind } from '../agents/kinds.ts'
import { withoutOwn } from './dialog.ts'
import type { Screen } from './screen.ts'

const maxErrorLength = 300

type Reader = (lines: readonly string[]) => string | undefined

/** The signs that one agent's lines begin with. */
interface Signs {
  /** A message of the person, and the input box at the foot. */
  readonly prompt: RegExp
  readonly error: RegExp
  /** A line below the error shows that the turn went on, or ended well after all. */
  readonly success?: RegExp
}

/** By the screens of the releases that docs/drivers.md names. Their signs differ, so all readers are tried. */
const readers: Readonly<Record<AgentKind, Reader>> = {
  claude: between({ prompt: /^❯(?:\s|$)/, error: /^● (?=API Error\b)/, success: /^[✻●] / }),
  codex: between({ prompt: /^›(?:\s|$)/, error: /^■ (?=\S)/ }),
  gemini: between({ prompt: /^ [>*](?:\s|$)/, error: /^✕ (?=\[API Error\b)/, success: /^✦ / }),
  opencode: aboveMark,
  pi: lastParagraph,
  qwen: between({ prompt: /^(?: {0,2}>|\*)(?:\s|$)/, error: /^ {2}✕ (?=\[API Error\b)/, success: /^ {2}◆/ }),
}

/**
 * The error that an agent shows at the end of a turn that failed, between the last message and the input box;
 * undefined for none. A missed error counts as a good end: a screen at rest shows no more than that.
 */
export const agentErrorOn = (screen: Screen): string | undefined =>
  errorIn(screen) && errorIn(withoutOwn(screen))

function errorIn(screen: Screen): string | undefined {
  const lines = screen.lines.map((line) => line.trimEnd())
  for (const read of Object.values(readers)) {
    const error = read(lines)
    if (error !== undefined) return error
  }
  return undefined
}

function between({ prompt, error, success }: Signs): Reader {
  return (lines) => {
    const box = lines.findLastIndex((line) => prompt.test(line))
    const turn = lines.slice(
      lines.findLastIndex((line, at) => at < box && prompt.test(line)) + 1,
      Math.max(box, 0),
    )
    const at = turn.findLastIndex((line) => error.test(line))
    if (at < 0 || (success && turn.slice(at + 1).some((line) => success.test(line)))) return undefined
    return sentence(paragraph(turn.slice(at)).join(' ').replace(error, ''))
  }
}

/**
 * Pi draws no sign before a message or an error, so only a text that no answer is likely to hold counts as an
 * error.
 */
function lastParagraph(lines: readonly string[]): string | undefined {
  const foot = lines.findLastIndex((line) => rule.test(line))
  const box = lines.findLastIndex((line, at) => at < foot && rule.test(line))
  const end = lines.findLastIndex((line, at) => at < box && line !== '')
  const begin = lines.findLastIndex((line, at) => at < end && line === '') + 1
  const text = lines.slice(begin, end + 1)
  return piFails.test(text[0] ?? '') ? sentence(text.join(' ')) : undefined
}

const rule = /^─{20,}$/
const piFails = /^ Error: (?:\d{3}:? (?:[{<]|status code\b)|(?:Connection error|Request timed out)\.$)/

/** Opencode closes a turn with its name, and a good one with how long it took; what failed stands in a box above. */
function aboveMark(lines: readonly string[]): string | undefined {
  const foot = lines.findLastIndex((line) => /^ {2}╹▀/.test(line))
  const mark = lines.findLastIndex((line, at) => at < foot && ending.test(line))
  if (mark < 0 || closed.test(lines[mark] ?? '')) return undefined
  const end = lines.findLastIndex((line, at) => at < mark && line !== '')
  const begin = lines.findLastIndex((line, at) => at <= end && !boxed.test(line)) + 1
  const text = lines.slice(begin, end + 1).map((line) => line.replace(boxed, '').split(/\s{3,}/)[0] ?? '')
  return sentence(text.join(' '))
}

const ending = /^ {5}▣ {2}\S/
const closed = / · (?:\d[\d.]* ?(?:ms|s|m|h)\b|interrupted)/
const boxed = /^ {2}┃ {0,2}/

const paragraph = (lines: readonly string[]): readonly string[] => {
  const end = lines.indexOf('')
  return end < 0 ? lines : lines.slice(0, end)
}

function sentence(text: string): string | undefined {
  const plain = text.replace(/\s+/g, ' ').replace(advice, '').trim()
  return plain === '' ? undefined : plain.slice(0, maxErrorLength)
}

/** What an agent adds for the person. */
const advice = / (?:\(Press Ctrl\+Y to retry\)|If this looks like a pi bug\b.*)$/
