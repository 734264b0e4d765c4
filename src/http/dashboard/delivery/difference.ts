import { diffLines } from 'diff'

/** Longer messages are not compared. Characters. */
const longest = 100_000
/** Lines around a change that are shown with it. */
const around = 2

interface Line {
  readonly text: string
  /** In one word, for who does not see colours. */
  readonly is: 'same' | 'added' | 'removed'
  readonly sign: string
}

const signs = { same: ' ', added: '+', removed: '−' } as const

/** Line by line what an edited message has in another way than its original; null where they are alike or too long. */
export function differenceOf(before: string, after: string): readonly Line[] | null {
  if (before === after || before.length > longest || after.length > longest) return null
  const lines = diffLines(before, after, { timeout: 200 })?.flatMap(({ value, added, removed }) => {
    const is = added ? 'added' : removed ? 'removed' : 'same'
    return value
      .replace(/\n$/, '')
      .split('\n')
      .map((text): Line => ({ text, is, sign: signs[is] }))
  })
  return (
    lines?.filter((_, i) =>
      lines.slice(Math.max(0, i - around), i + around + 1).some(({ is }) => is !== 'same'),
    ) ?? null
  )
}
