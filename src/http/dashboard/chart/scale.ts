/** A whole number not below `most` whose half is one, too, unless it is 1: where the axis of counts ends. */
export function niceTop(most: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, most))))
  return [1, 2, 4, 6, 8, 10].map((digit) => digit * power).find((top) => top >= most) ?? most
}

/** A length in per cent of a side, with as many digits as a screen can show. */
export const percent = (share: number): string => `${Math.round(share * 10_000) / 100}%`

const decades = [
  1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 259_200_000, 864_000_000, 8_640_000_000,
] as const
const mostTicks = 4

/** A logarithmic axis of milliseconds that holds all of these. */
export function createLatencyScale(all: readonly number[]) {
  const [least, most] = [Math.min(...all), Math.max(...all)]
  const begin = Math.max(
    0,
    decades.findLastIndex((decade) => decade <= least),
  )
  const end = Math.max(
    begin + 1,
    decades.findIndex((decade) => decade >= most),
  )
  const [low, high] = [decades[begin] ?? 1, decades[end] ?? 10]
  const every = Math.ceil((end - begin) / (mostTicks - 1))
  return {
    /** 0 at the low end, 1 at the high one. */
    share: (ms: number): number => Math.min(1, Math.max(0, Math.log(ms / low) / Math.log(high / low))),
    ticks: decades.filter((_, i) => i >= begin && i <= end && (i - begin) % every === 0),
  }
}
