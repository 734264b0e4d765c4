import type { Log } from './domain/ports.ts'

type LogLevel = 'debug' | 'info' | 'warn' | 'error'

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

interface LogDeps {
  readonly write: (line: string) => void
  readonly now: () => number
  readonly level: () => LogLevel
  /** `json` for machines, `text` for a person's terminal. */
  readonly format: 'json' | 'text'
}

/** One line an event. Anything that looks like one of our tokens is replaced, in whatever field it stands. */
export function createLog(deps: LogDeps): Log {
  const format = deps.format === 'json' ? jsonLine : textLine
  return (level, event, fields = {}) => {
    if (ranks[level] < ranks[deps.level()]) return
    deps.write(`${redact(format(new Date(deps.now()).toISOString(), level, event, fields))}\n`)
  }
}

type Fields = Readonly<Record<string, unknown>>

const jsonLine = (time: string, level: LogLevel, event: string, fields: Fields): string =>
  JSON.stringify({ time, level, event, ...fields })

function textLine(time: string, level: LogLevel, event: string, fields: Fields): string {
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? JSON.stringify(value) : String(value)}`)
  return `${time} ${level.padEnd(5)} ${event}${rest.join('')}`
}

/** JWS compact serialisation (RFC 7515 section 7.1), wherever it stands. */
const redact = (line: string): string =>
  line.replace(/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, '[token]')
