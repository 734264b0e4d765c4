/**
 * Does everything, each piece as soon as its share of the machine is free: those that fit go side by side, in the order
 * given, and one that takes all (1) goes when nothing else runs. Rejects when one of them does.
 */
export async function inShares<T>(
  all: readonly T[],
  shareOf: (one: T) => number,
  act: (one: T) => Promise<void>,
): Promise<void> {
  const waiting = [...all]
  let free = 1
  const run = async (one: T, share: number) => {
    free -= share
    await act(one)
    free += share
    await startWhatFits()
  }
  const startWhatFits = async () => {
    const started: Promise<void>[] = []
    for (;;) {
      const next = waiting.findIndex((one) => shareOf(one) <= free)
      const [one] = next < 0 ? [] : waiting.splice(next, 1)
      if (one === undefined) break
      started.push(run(one, shareOf(one)))
    }
    await Promise.all(started)
  }
  await startWhatFits()
}
