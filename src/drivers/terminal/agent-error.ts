import type { Screen } from './screen.ts'

const maxErrorLength = 300

type Reader = (lines: readonly string[]) => string | undefined

/** The signs that one agent's lines begin with. */
interface Signs {
  /** A message of the person, and the input box at the foot. */
  readonly prompt: RegExp
  readonly error: RegExp
  /** What shows below a complaint that the turn went on, or ended well whatever it said. */
  readonly success?: RegExp
}

/** The screens of the releases that the drivers' documentation names. Their signs differ, so no agent has to be known. */
const readers: Readonly<Record<string, Reader>> = {
  claude: between({ prompt: /^❯(?:\s|$)/, error: /^● (?=API Error\b)/, success: /^[✻●] / }),
  codex: between({ prompt: /^›(?:\s|$)/, error: /^■ (?=\S)/ }),
  gemini: between({ prompt: /^ >(?:\s|$)/, error: /^✕ (?=\[API Error\b)/, success: /^✦ / }),
  opencode: aboveMark,
  pi: lastParagraph,
  qwen: between({ prompt: /^ {0,2}>(?:\s|$)/, error: /^ {2}✕ (?=\[API Error\b)/, success: /^ {2}◆/ }),
}

/**
 * What an agent says at the end of a turn that failed, or undefined: below the last message and above the input box.
 * What it misses counts as a good end, for a screen at rest tells no more.
 */
export function agentErrorOn(screen: Screen): string | undefined {
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

/** Pi draws no sign before what anybody says, so only what no answer is likely to say tells a failure. */
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
