import type { DeliveryId } from './delivery.ts'
import { outside } from './fence.ts'
import type { Wait } from './wait.ts'

// What the agent is told of a wait that is over.

interface Answer {
  readonly delivery: DeliveryId
  /** What came, cleaned. */
  readonly text: string
  /** From `newNonce`. */
  readonly nonce: string
  /** How long the wait stood open. Milliseconds. */
  readonly afterMs: number
  /** Whether whoever sent it waits for a word back. */
  readonly awaited: boolean
}

/** Most bytes of a message that wakes an agent. */
export const mostWakeBytes = 4096

/** Wakes the agent: what came, fenced and cut to fit, after what it waited for and what it meant to do. */
export function answeredMessage(wait: Wait, { delivery, text, nonce, afterMs, awaited }: Answer): string {
  const head = lines(
    `${firstWords(wait)} answered after ${elapsed(afterMs)}: ${wait.what}`,
    wait.plan && `You planned: ${wait.plan}`,
  )
  const toReply = awaited ? ` · answer the sender: reply ${delivery}` : ''
  const tail = `This wait is closed. Whole payload: read ${delivery}${toReply}`
  const frame = (shown: string, note: string) =>
    lines(head, outside(shown, nonce, "the URL's holder"), note + tail)
  const whole = frame(text, '')
  if (bytesOf(whole) <= mostWakeBytes) return whole
  const note = `Cut: that is the beginning of ${bytesOf(text)} bytes. `
  return frame(beginning(text, mostWakeBytes - bytesOf(frame('', note))), note)
}

/** Wakes the agent for whom nobody knocked. `wait` has its times on the wall clock. */
export function expiredMessage(wait: Wait): string {
  return lines(
    `${firstWords(wait)} ended at ${minuteOf(wait.expiresAt)}, nobody answered: ${wait.what}`,
    wait.orElse && `You planned for that: ${wait.orElse}`,
    wait.plan && `Had it been answered, you planned: ${wait.plan}`,
    'This wait is closed: its URL opens nothing any more.',
  )
}

const firstWords = ({ id }: Wait): string => `[postern] wait ${id}`

/** A message as whoever sent it may read it: of one that woke an agent only the answer, nothing of what the agent wrote. */
export const asSent = (message: string): string =>
  /^\[postern\] wait w_\w{12} answered after /.test(message) ? answerIn(message) : message

/** What came, in a message of `answeredMessage`. */
export function answerIn(message: string): string {
  const fence = /\n<<<outside ([0-9a-f]{16}) : [^\n]*\n/.exec(message)
  if (!fence) return ''
  const from = fence.index + fence[0].length
  const to = message.lastIndexOf(`\noutside ${fence[1]}>>>`)
  return to < from ? '' : message.slice(from, to)
}

const lines = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== '').join('\n')

const bytesOf = (text: string): number => new TextEncoder().encode(text).length

/** As much of it as has room in so many bytes of UTF-8, no character cut apart. */
const beginning = (text: string, room: number): string =>
  text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(Math.max(0, room))).read)

/** For example `42s`, `6m12s`, `2h05m` or `1d03h`. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const two = (value: number) => String(value).padStart(2, '0')
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)]
  if (minutes === 0) return `${seconds}s`
  if (hours === 0) return `${minutes}m${two(seconds % 60)}s`
  if (hours < 24) return `${hours}h${two(minutes % 60)}m`
  return `${Math.floor(hours / 24)}d${two(hours % 24)}h`
}

/** For example `2026-11-29T18:00Z`. */
const minuteOf = (at: number): string => `${new Date(at).toISOString().slice(0, 16)}Z`
