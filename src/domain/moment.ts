export const dayMs = 86_400_000

/** Of lengths of time as people type them: seconds, minutes, hours, days. Milliseconds. */
export const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: dayMs }

/**
 * A time as people type it: `2h` is so long before `now` (Unix milliseconds), anything else a date such as 2026-11-22 (UTC) or
 * 2026-11-22T10:00Z. In Unix milliseconds; undefined for what is neither.
 */
export function momentOf(text: string, now: number): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,12})([smhd])$/.exec(text) ?? []
  const at = digits === undefined ? dateOf(text) : now - Number(digits) * (unitsMs[unit] ?? 0)
  return Math.abs(at) <= longestTime ? at : undefined
}

/** Beyond that there is no date (ECMAScript, time values). */
const longestTime = 8.64e15

function dateOf(text: string): number {
  const [day] = /^\d{4}-\d\d-\d\d(?=T|$)/.exec(text) ?? []
  return day !== undefined && isDay(day) ? Date.parse(text) : Number.NaN
}

/** `Date.parse` takes the 31st of November for the 1st of December. */
function isDay(day: string): boolean {
  const at = Date.parse(day)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day)
}
