/** A text of others on one line without control characters, at most `maxLength` UTF-16 units of it; `…` says that it was cut. */
export function oneLine(text: string, maxLength = 300): string {
  const line = text.replace(/[\x00-\x1f\x7f-\x9f][\x00-\x20\x7f-\x9f]*/g, ' ').trim()
  // A pair of surrogates stays whole, or goes.
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/**
 * The end of a program's complaints on one line, fit to be shown: its last line, and the lines before it as far as there is
 * room. Empty when none says anything.
 */
export function lastLines(text: string, maxLength = 600): string {
  const lines = text
    .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '')
    .split(/[\r\n]+/)
    .map((line) => oneLine(line))
    .filter((line) => line !== '')
  let shown = lines.at(-1) ?? ''
  for (const line of lines.slice(0, -1).reverse()) {
    if (shown.length + line.length + 3 > maxLength) break
    shown = `${line} / ${shown}`
  }
  return shown
}
