import type { Curve } from './curves.ts'
import { type Instead, insteadTable } from './instead.ts'
import type { Plan, Samples } from './plan.ts'
import { type Row, rowsOf } from './rows.ts'
import { median } from './stats.ts'
import { asked, shown, table, verdict } from './table.ts'

/** The machine of a run, and how busy it was before. */
export interface Machine {
  readonly date: string
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly bun: string
  readonly loadBefore: number
}

/** bench/latest.json. */
export interface Findings extends Machine {
  readonly plan: Plan
  readonly samples: Samples
  readonly others: readonly (Instead | string)[]
}

/** bench/curves.json. */
export interface Curves extends Machine {
  readonly curves: readonly Curve[]
}

export function heading({ date, cpu, cores, memoryGb, bun, loadBefore }: Machine): string {
  const mood = loadBefore < 0.5 ? 'quiet' : 'busy'
  return `Measured ${date} on ${cores} cores of ${cpu}, ${memoryGb} GB, Bun ${bun}; load and server on the same machine, which was ${mood} before (load average ${loadBefore.toFixed(2)}).`
}

/** Markdown: every figure, and what people use instead. */
export function findingsPage(findings: Findings, rows: readonly Row[] = rowsOf(findings.plan)): string {
  const { samples, others } = findings
  return [
    heading(findings),
    ...(rows.length > 0 ? [table(rows, samples)] : []),
    ...(others.length > 0 ? ['## What people use instead', insteadTable(others)] : []),
  ].join('\n\n')
}

/** Markdown: each figure that is not what was aimed at, and what limits it. */
export function missed({ plan, samples }: Findings): string {
  const lines = rowsOf(plan).flatMap(({ key, title, unit, bound, limit }) => {
    const values = samples[key] ?? []
    if (bound === undefined || values.length === 0) return []
    const found = verdict(bound, values)
    if (found.startsWith('aim')) return []
    const what = found.startsWith('NO') ? 'must' : 'aim'
    const figure = `${shown(median(values))} ${unit ?? ''}`.trim()
    return [`- ${title}: ${figure}; ${what} ${asked(bound, bound[what], unit)}. ${limit ?? ''}`.trim()]
  })
  return lines.length === 0 ? 'Nothing.' : lines.join('\n')
}

/** Markdown: the ends of every curve. */
export function growth(curves: readonly Curve[]): string {
  const lines = curves.map(({ of, points }) => {
    const [first, last] = [points[0], points.at(-1)]
    if (first === undefined || last === undefined) return `| ${of} | | | |`
    const quotient = median(last.cpuMicros) / median(first.cpuMicros)
    const cells = [
      of,
      `${first.size.toLocaleString('en')} → ${last.size.toLocaleString('en')}`,
      `${shown(median(first.cpuMicros))} → ${shown(median(last.cpuMicros))}`,
      shown(quotient),
      `${shown(median(first.perSecond))} → ${shown(median(last.perSecond))}`,
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| of | from … to | processor time of a knock, µs | times | knocks per second |',
    '|---|---:|---:|---:|---:|',
    ...lines,
  ].join('\n')
}
