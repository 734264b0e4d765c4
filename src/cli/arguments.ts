import { isAbsolute, join, resolve } from 'node:path'
import { Failure } from '../domain/error.ts'
import { momentOf, unitsMs } from '../domain/moment.ts'
import { suggestion } from '../domain/nearest.ts'
import type { Io } from './context.ts'
import type { StreamCell } from './output.ts'

/** A whole number as typed. Throws `usage` naming `what`. */
export function wholeNumber(text: string, what: string, most = Number.MAX_SAFE_INTEGER, least = 0): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new Failure('usage', `${what} is a whole number from ${least} to ${most}, not "${text}".`)
}

/** `90s`, `10m`, `1h`, `2d`, or whole seconds without a unit, in milliseconds. Throws `usage` naming `what`. */
export function duration(text: string, what: string): number {
  const [, digits, unit = 's'] = /^(\d{1,12})([smhd])?$/.exec(text) ?? []
  const ms = Number(digits) * (unitsMs[unit] ?? 0)
  if (Number.isSafeInteger(ms)) return ms
  throw new Failure('usage', `${what} is a time such as 90s, 10m, 1h or 2d, or whole seconds, not "${text}".`)
}

/** One of the known states, in capitals. Throws `usage` with the nearest. */
export function stateNamed<State extends string>(text: string, known: readonly State[]): State {
  const state = known.find((one) => one === text.toUpperCase())
  if (!state) throw new Failure('usage', `There is no state "${text}". ${suggestion(text, known)}`)
  return state
}

/** `NAME=VALUE` cut at its first separator. Throws `usage` naming `what`. */
export function pair(text: string, separator: '=' | ':', what: string): readonly [string, string] {
  const at = text.indexOf(separator)
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new Failure('usage', `${what} is NAME${separator}VALUE, not "${text}".`)
}

/** `--home`, else `$POSTERN_HOME`, else `~/.postern`; absolute. */
export function homeRoot(flag: string | undefined, io: Pick<Io, 'env' | 'cwd' | 'userHome'>): string {
  if (flag === '') throw new Failure('usage', '--home must name a directory.')
  return resolve(io.cwd, flag ?? (io.env.POSTERN_HOME || join(io.userHome, '.postern')))
}

export const absolute = (path: string, io: Pick<Io, 'cwd'>): string =>
  isAbsolute(path) ? path : resolve(io.cwd, path)

/** ISO 8601 without milliseconds, or `-`. */
export const shortTime = (time: string | null): string => time?.replace(/\.\d+Z$/, 'Z') ?? '-'

/** A time as typed (`momentOf`), in Unix milliseconds. Throws `usage` naming `what`. */
export function moment(text: string, what: string, now: number): number {
  const at = momentOf(text, now)
  if (at !== undefined) return at
  throw new Failure(
    'usage',
    `${what} is how long ago, such as 2h, or a date such as 2026-11-22 or 2026-11-22T10:00Z, not "${text}".`,
  )
}

const ages = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
] as const

/** How far a time is from `now` (Unix milliseconds), before or behind it: `12s`, `4m`, `3h`, `2d`, or `-`. */
export function age(time: string | null, now: number): string {
  if (time === null) return '-'
  const ms = Math.abs(now - Date.parse(time))
  const [unit, letter] = ages.find(([least]) => ms >= least) ?? [1000, 's']
  return `${Math.floor(ms / unit)}${letter}`
}

/** To the second, and without its day on a terminal. */
export const streamedTime = (time: string): StreamCell => {
  const text = shortTime(time)
  return { text, short: text.slice(11, 19), tone: 'faint' }
}
