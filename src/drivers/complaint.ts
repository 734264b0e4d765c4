import type { Screen } from './screen.ts'

const linesLooked = 24
const maxComplaint = 300

/**
 * What codex says at the end of a turn that failed, or undefined: `■ …` below the last message and above the input box.
 * What it misses counts as a good end, for a screen at rest tells no more.
 */
export function complaintOn(screen: Screen): string | undefined {
  const foot = screen.lines.filter((line) => line.trim() !== '').slice(-linesLooked)
  const prompts = foot.flatMap((line, at) => (/^› /.test(line) ? [at] : []))
  const [message = -1, box] = prompts.slice(-2)
  const end = box ?? message
  const at = foot.findLastIndex((line, index) => index < end && /^■ \S/.test(line))
  if (at < 0 || (box !== undefined && at < message)) return undefined
  return foot.slice(at, end).join(' ').slice(2, maxComplaint).trim()
}
