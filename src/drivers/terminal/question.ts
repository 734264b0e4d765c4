import { oneLine } from '../../domain/one-line.ts'

/** Lines above the choices that may say what they are about. */
const linesAbove = 8
const maxQuestion = 240

/**
 * What a dialog asks, from the lines above its choices: the call it is about, and the question. Empty where nothing stands
 * there.
 */
export function questionIn(foot: readonly string[], isChoice: (line: string) => boolean): string {
  const first = firstChoice(foot, isChoice)
  const above = foot.slice(Math.max(0, first - linesAbove), first)
  const dialog = above.slice(above.findLastIndex((line) => isRule(line) || message.test(line)) + 1)
  const lines = dialog.map((line) => line.replace(frame, ' ').replace(/\s+/g, ' ').trim())
  return oneLine(lines.filter((line) => line !== '').join(' / '), maxQuestion)
}

/** Of the last run of choices; what they say may wrap. */
function firstChoice(foot: readonly string[], isChoice: (line: string) => boolean): number {
  const last = foot.findLastIndex(isChoice)
  let first = last
  for (let at = last; at >= 0 && at >= first - 2; at--) if (isChoice(foot[at] ?? '')) first = at
  return first < 0 ? foot.length - 1 : first
}

const isRule = (line: string): boolean => /^[\s╭╰├└┌─━▔▁]{8,}[─━▔▁╮╯┤┘┐\s]*$/.test(line)

/** A message of the person or the agent, above the dialog. */
const message = /^\s{0,2}[›❯>•●⏺✻]\s/

const frame = /[│┃║▌▏▐╭╮╰╯├┤┌┐└┘─━╹▀]+/g
