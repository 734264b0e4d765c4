/** Of an even number the mean of the two in the middle; NaN of none. */
export function median(samples: readonly number[]): number {
  const sorted = ascending(samples)
  const middle = sorted.length / 2
  const [below, above] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return below === undefined || above === undefined ? Number.NaN : (below + above) / 2
}

/** The sample below which that share of them lies; NaN of none. */
export function percentile(samples: readonly number[], share: number): number {
  return ascending(samples)[Math.min(samples.length - 1, Math.floor(samples.length * share))] ?? Number.NaN
}

/** Each sample divided by the one of the same round. */
export function ratios(samples: readonly number[], of: readonly number[]): number[] {
  return samples.map((sample, round) => sample / (of[round] ?? Number.NaN))
}

const ascending = (samples: readonly number[]): number[] => [...samples].sort((a, b) => a - b)
