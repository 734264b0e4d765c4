/** The known name nearest to a mistyped one, if any is near enough. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(text.length / 3))
  const ranked = known
    .map((candidate) => ({ candidate, away: distance(text.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.away - b.away)
  const [best] = ranked
  return best && best.away <= most ? best.candidate : uniquelyBegun(text, known)
}

/** A sentence that names the nearest known name, else all of them. */
export function suggestion(text: string, known: readonly string[], before = ''): string {
  const near = nearest(text, known)
  return near === undefined
    ? `Known: ${known.map((one) => `${before}${one}`).join(', ')}.`
    : `Did you mean ${before}${near}?`
}

/** The only known name that begins so. */
function uniquelyBegun(text: string, known: readonly string[]): string | undefined {
  const begun = known.filter((candidate) => candidate.startsWith(text))
  return text.length >= 3 && begun.length === 1 ? begun[0] : undefined
}

/** Edits between two words: insert, delete, replace, swap neighbours (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const swap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : Infinity
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same, swap)
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}
