import { controlCharacters } from '../domain/control-characters.ts'
import type { Readiness } from '../domain/driver.ts'
import { Failure } from '../domain/error.ts'
import { oneLine } from '../domain/one-line.ts'
import type { ScreenChange, ScreenColour, ScreenLine, ScreenRun } from '../domain/screen-snapshot.ts'

// What a host says of its agents, as people see it at the door: only what fits is taken over, and nothing that controls anything.

type Members = Readonly<Record<string, unknown>>

const membersOf = (value: unknown): Members =>
  typeof value === 'object' && value !== null ? (value as Members) : {}

const misfit = (): Failure =>
  new Failure('unreachable', 'the host answered with something this version does not understand')

const words = (value: unknown): string | undefined =>
  typeof value === 'string' ? oneLine(value.replace(controlCharacters, ' ')) : undefined

/** Throws `unreachable` for what is none. */
export function shownReadiness(value: unknown): Readiness {
  const { kind, why, asks, since, exitCode } = membersOf(value)
  const because = words(why)
  const asked = words(asks)
  const at = typeof since === 'number' ? { since } : {}
  if (kind === 'idle' || kind === 'missing') return { kind }
  if (kind === 'ended')
    return {
      kind,
      ...(typeof exitCode === 'number' && { exitCode }),
      ...(because !== undefined && { why: because }),
    }
  if (because === undefined) throw misfit()
  if (kind === 'busy') return { kind, why: because, ...at }
  if (kind === 'offline') return { kind, why: because }
  if (kind === 'blocked') return { kind, why: because, ...(asked !== undefined && { asks: asked }), ...at }
  throw misfit()
}

const mostCells = 1000

/** Throws `unreachable` for what is none. */
export function shownScreen(value: unknown): ScreenChange {
  const { columns, rows, cursor, changedAt, typing, lines } = membersOf(value)
  const size = { columns: cells(columns), rows: cells(rows) }
  const at = membersOf(cursor)
  const changed = Object.entries(membersOf(lines))
    .filter(([row]) => /^\d{1,3}$/.test(row) && Number(row) < size.rows)
    .map(([row, line]): [string, ScreenLine] => [row, Array.isArray(line) ? line.map(runOf) : []])
  return {
    ...size,
    ...(cursor !== undefined && { cursor: { column: cells(at.column), row: cells(at.row) } }),
    changedAt: typeof changedAt === 'number' ? changedAt : 0,
    ...(typing === true && { typing: true as const }),
    lines: Object.fromEntries(changed),
  }
}

function cells(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= mostCells) return value
  throw misfit()
}

const marks = ['bold', 'dim', 'italic', 'underline', 'strike', 'inverse'] as const

function runOf(value: unknown): ScreenRun {
  const run = membersOf(value)
  const [fg, bg] = [colourOf(run.fg), colourOf(run.bg)]
  return {
    text: typeof run.text === 'string' ? run.text.slice(0, mostText).replace(controlCharacters, ' ') : '',
    width: cells(run.width),
    ...(fg !== undefined && { fg }),
    ...(bg !== undefined && { bg }),
    ...Object.fromEntries(marks.filter((mark) => run[mark] === true).map((mark) => [mark, true as const])),
  }
}

/** A cell may hold several joined signs. */
const mostText = 8 * mostCells

function colourOf(value: unknown): ScreenColour | undefined {
  if (typeof value === 'number')
    return Number.isInteger(value) && value >= 0 && value < 256 ? value : undefined
  return typeof value === 'string' && /^#[0-9a-f]{6}$/i.test(value) ? value : undefined
}
