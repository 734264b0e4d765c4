import { ink } from './ink.ts'
import { fingerprint, type Screen } from './screen.ts'
import { type Surface, until } from './surface.ts'

/**
 * A sign typed behind a text that would not show by itself that it stands in the input box: one of emoji alone, of which a
 * terminal may draw none, or the very words of the placeholder that it replaces. It is taken back before Enter.
 */
export const probe = '.'

export function needsProbe(screen: Screen, text: string): boolean {
  const print = fingerprint(text)
  if (print === '') return true
  const foot = screen.lines.filter((line) => line.trim() !== '').slice(-footLines)
  const box = ink(foot.findLast((line) => prompted.test(line)) ?? '')
  return print.length < certain ? box.endsWith(print) : box.includes(print)
}

const footLines = 14
const certain = 8
const prompted = /^[\s│┃|▌▏]*[❯›>»*](?:\s|$)/

const removedMs = 600
const attempts = 3

/** False where it may stand there still. */
export async function removeProbe(surface: Surface, shown: Screen): Promise<boolean> {
  let screen = shown
  for (let left = attempts; left > 0; left--) {
    const failed = await surface.press('\x7f', screen)
    const { lines } = screen
    const isGone = (now: Screen) => now.lines.some((line, at) => line !== lines[at])
    const seen = failed ? await surface.look() : await until(surface, removedMs, undefined, 0, isGone)
    if (seen.kind !== 'screen') return false
    if (!failed) return isGone(seen)
    screen = seen
  }
  return false
}
