/** A text of others on one line without control characters, at most `maxLength` UTF-16 units of it. */
export const oneLine = (text: string, maxLength = 300): string =>
  text
    .replace(/[\x00-\x1f\x7f-\x9f][\x00-\x20\x7f-\x9f]*/g, ' ')
    .trim()
    .slice(0, maxLength)

/** The last line of a program's complaints that says something, fit to be shown; empty when none does. */
export function lastLine(text: string): string {
  const lines = text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '').split(/[\r\n]+/)
  return lines.map((line) => oneLine(line)).findLast((line) => line !== '') ?? ''
}
