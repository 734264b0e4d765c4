export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const none: Counts = { passed: 0, failed: 0, skipped: 0 }

export const add = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})

/** What `bun test` and `deno test` say at their end; undefined when they did not get that far. */
export function countsOf(runtime: 'bun' | 'deno', output: string): Counts | undefined {
  return runtime === 'bun' ? bunCounts(output) : denoCounts(output)
}

function bunCounts(output: string): Counts | undefined {
  if (!/^Ran \d+ tests? across/m.test(output)) return undefined
  const number = (word: string) => Number(new RegExp(`^ *(\\d+) ${word}$`, 'm').exec(output)?.[1] ?? 0)
  return { passed: number('pass'), failed: number('fail'), skipped: number('skip') + number('todo') }
}

/** A `describe` counts as one test here, except for what is skipped in it. */
function denoCounts(output: string): Counts | undefined {
  const end = /\| (\d+) passed.*? \| (\d+) failed.*$/m.exec(output)
  if (!end) return undefined
  const [, tests, steps] = / \| (\d+) ignored(?: \((\d+) step)?/.exec(end[0]) ?? []
  return { passed: Number(end[1]), failed: Number(end[2]), skipped: Number(tests ?? 0) + Number(steps ?? 0) }
}

/** The line that ends a run. */
export const summary = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
