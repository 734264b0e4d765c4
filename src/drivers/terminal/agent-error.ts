import type { Screen } from './screen.ts'

const maxComplaint = 300

type Read = (lines: readonly string[]) => string | undefined

/** The signs that one agent's lines begin with. */
interface Signs {
  /** A message of the person, and the input box at the foot. */
  readonly prompt: RegExp
  readonly complaint: RegExp
  /** What shows below a complaint that the turn went on, or ended well whatever it said. */
  readonly good?: RegExp
}

/** The screens of the releases that the drivers' documentation names. Their signs differ, so no agent has to be known. */
const reads: Readonly<Record<string, Read>> = {
  claude: between({ prompt: /^❯(?:\s|$)/, complaint: /^● (?=API Error\b)/, good: /^[✻●] / }),
  codex: between({ prompt: /^›(?:\s|$)/, complaint: /^■ (?=\S)/ }),
  gemini: between({ prompt: /^ >(?:\s|$)/, complaint: /^✕ (?=\[API Error\b)/, good: /^✦ / }),
  opencode: aboveMark,
  pi: lastParagraph,
  qwen: between({ prompt: /^ {0,2}>(?:\s|$)/, complaint: /^ {2}✕ (?=\[API Error\b)/, good: /^ {2}◆/ }),
}

/**
 * What an agent says at the end of a turn that failed, or undefined: below the last message and above the input box.
 * What it misses counts as a good end, for a screen at rest tells no more.
 */
export function complaintOn(screen: Screen): string | undefined {
  const lines = screen.lines.map((line) => line.trimEnd())
  for (const read of Object.values(reads)) {
    const complaint = read(lines)
    if (complaint !== undefined) return complaint
  }
  return undefined
}

function between({ prompt, complaint, good }: Signs): Read {
  return (lines) => {
    const box = lines.findLastIndex((line) => prompt.test(line))
    const turn = lines.slice(
      lines.findLastIndex((line, at) => at < box && prompt.test(line)) + 1,
      Math.max(box, 0),
    )
    const at = turn.findLastIndex((line) => complaint.test(line))
    if (at < 0 || (good && turn.slice(at + 1).some((line) => good.test(line)))) return undefined
    return sentence(paragraph(turn.slice(at)).join(' ').replace(complaint, ''))
  }
}

/** Pi draws no sign before what anybody says, so only what no answer is likely to say tells a failure. */
function lastParagraph(lines: readonly string[]): string | undefined {
  const foot = lines.findLastIndex((line) => rule.test(line))
  const box = lines.findLastIndex((line, at) => at < foot && rule.test(line))
  const end = lines.findLastIndex((line, at) => at < box && line !== '')
  const begin = lines.findLastIndex((line, at) => at < end && line === '') + 1
  const said = lines.slice(begin, end + 1)
  return piFails.test(said[0] ?? '') ? sentence(said.join(' ')) : undefined
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
  const said = lines.slice(begin, end + 1).map((line) => line.replace(boxed, '').split(/\s{3,}/)[0] ?? '')
  return sentence(said.join(' '))
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
  return plain === '' ? undefined : plain.slice(0, maxComplaint)
}

/** What an agent adds for the person. */
const advice = / (?:\(Press Ctrl\+Y to retry\)|If this looks like a pi bug\b.*)$/
