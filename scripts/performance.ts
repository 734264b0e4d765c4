import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { drawing } from './bench/drawing.ts'
import { type Curves, type Findings, growth, heading, missed } from './bench/findings.ts'
import { insteadTable } from './bench/instead.ts'
import { rowsOf } from './bench/rows.ts'
import { table } from './bench/table.ts'
import { withPart } from './page-part.ts'

export const performancePagePath = resolve(import.meta.dirname, '../docs/performance.md')

export const performancePicturePath = resolve(import.meta.dirname, '../docs/performance.svg')

/** The page, and its picture. */
export function writePerformance(): void {
  const curves = keptCurves()
  if (curves) writeFileSync(performancePicturePath, drawing(curves.curves))
  writeFileSync(performancePagePath, withMeasurements(readFileSync(performancePagePath, 'utf8')))
}

/** The page with what `npm run bench` kept last; all else stays. */
export function withMeasurements(page: string): string {
  const findings = keptFindings()
  const curves = keptCurves()
  const parts: Readonly<Record<string, string | undefined>> = {
    figures: findings && `${heading(findings)}\n\n${table(rowsOf(findings.plan), findings.samples)}`,
    missed: findings && missed(findings),
    instead: findings && insteadTable(findings.others),
    curves: curves && `${picture}\n\n${growth(curves.curves)}`,
  }
  return Object.entries(parts).reduce((page, [name, text = unmeasured]) => withPart(page, name, text), page)
}

const picture = '![How the cost of a knock grows with what is stored and who waits](performance.svg)'
const unmeasured = 'Not measured yet: `npm run bench` fills this in.'

const keptFindings = (): Findings | undefined => read<Findings>('latest.json')
export const keptCurves = (): Curves | undefined => read<Curves>('curves.json')

function read<T>(name: string): T | undefined {
  const path = resolve(import.meta.dirname, '../bench', name)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined
}
