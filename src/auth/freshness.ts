/** Unix milliseconds of a Unix time in whole seconds or milliseconds, else undefined. */
export function unixTime(text: string): number | undefined {
  if (!/^[1-9]\d{0,15}$/.test(text)) return undefined
  const value = Number(text)
  return value < 100_000_000_000 ? value * 1000 : value
}

/** Unix milliseconds of an RFC 3339 time in UTC, else undefined. */
export function rfc3339Time(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text)) return undefined
  const time = Date.parse(text.replace(/(\.\d{3})\d*Z$/, '$1Z'))
  return Number.isFinite(time) ? time : undefined
}

/** Neither too old nor too far ahead. Times in Unix milliseconds. */
export const isFresh = (time: number | undefined, now: number, toleranceSeconds: number): boolean =>
  time !== undefined && Math.abs(now - time) <= toleranceSeconds * 1000
