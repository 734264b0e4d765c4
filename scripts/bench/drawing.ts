import type { Curve, Point } from './curves.ts'
import { median } from './stats.ts'

interface Measure {
  readonly title: string
  readonly of: (point: Point) => readonly number[]
}

const measures: readonly Measure[] = [
  { title: 'processor time of a knock, µs', of: ({ cpuMicros }) => cpuMicros },
  { title: 'knocks per second', of: ({ perSecond }) => perSecond },
]

const panel = { width: 185, height: 120, left: 62, top: 44, stepX: 228, stepY: 206 }

/** SVG: a row of panels for each measure, a column for each curve; light or dark as the reader's system is. */
export function drawing(curves: readonly Curve[]): string {
  const width = panel.left + curves.length * panel.stepX
  const height = measures.length * panel.stepY
  const rows = measures.map((measure, row) => rowOf(measure, curves, row))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="How the cost of a knock grows">
<style>
  svg { --paper: #fff; --ink: #24292f; --faint: #d0d7de; --line: #0969da; font: 12px system-ui, sans-serif }
  @media (prefers-color-scheme: dark) { svg { --paper: #0d1117; --ink: #c9d1d9; --faint: #30363d; --line: #58a6ff } }
  .paper { fill: var(--paper) } text { fill: var(--ink) } .title { font-weight: 600 }
  .grid { stroke: var(--faint) } .line { fill: none; stroke: var(--line); stroke-width: 2 }
  .spread { stroke: var(--line) } circle { fill: var(--line) }
  .middle { text-anchor: middle } .end { text-anchor: end }
</style>
<rect class="paper" width="100%" height="100%"/>
${rows.join('\n')}
</svg>
`
}

function rowOf(measure: Measure, curves: readonly Curve[], row: number): string {
  const samples = curves.flatMap(({ points }) => points.flatMap(measure.of))
  const top = roundedUp(Math.max(...samples))
  const y = panel.top + row * panel.stepY
  return [
    `<text class="title" x="8" y="${y - 20}">${measure.title}</text>`,
    ...curves.map((curve, column) => panelOf(measure, curve, top, panel.left + column * panel.stepX, y)),
  ].join('\n')
}

function panelOf({ of }: Measure, curve: Curve, top: number, x: number, y: number): string {
  const { width, height } = panel
  const down = (value: number) => rounded(y + height * (1 - value / top))
  const points = curve.points.map((point, i) => {
    const samples = of(point)
    return {
      size: point.size,
      x: rounded(x + (width * (i + 0.5)) / curve.points.length),
      y: down(median(samples)),
      least: down(Math.min(...samples)),
      most: down(Math.max(...samples)),
    }
  })
  return [
    ...[0, top / 2, top].flatMap((value) => [
      `<line class="grid" x1="${x}" x2="${x + width}" y1="${down(value)}" y2="${down(value)}"/>`,
      `<text class="end" x="${x - 6}" y="${down(value) + 4}">${counted(value)}</text>`,
    ]),
    `<path class="line" d="M${points.map((point) => `${point.x} ${point.y}`).join('L')}"/>`,
    ...points.flatMap((point) => [
      `<line class="spread" x1="${point.x}" x2="${point.x}" y1="${point.least}" y2="${point.most}"/>`,
      `<circle cx="${point.x}" cy="${point.y}" r="3"/>`,
      `<text class="middle" x="${point.x}" y="${y + height + 16}">${counted(point.size)}</text>`,
    ]),
    `<text class="middle" x="${x + width / 2}" y="${y + height + 33}">${curve.of}</text>`,
  ].join('\n')
}

/** To 1, 2, 4, 5 or 10 of its power of ten, so that the half of it is a short number, too. */
export function roundedUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 4, 5].find((n) => n * power >= value) ?? 10) * power
}

const rounded = (value: number): number => Math.round(value * 10) / 10
/** 100K, 1M: beside each other they must not touch. */
const counted = (value: number): string => value.toLocaleString('en', { notation: 'compact' })
