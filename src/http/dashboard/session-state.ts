import type { SessionView } from '../../manage/views.ts'
import { type Tone, toneOf } from './page.ts'

/** In a word: a paused session takes nothing, whatever its agent does; an open one is what its agent does. */
export function stateOf({ state, pausedAt, activity }: SessionView): {
  readonly state: string
  readonly tone: Tone
} {
  if (state === 'ended') return { state, tone: toneOf(state) }
  if (pausedAt !== null) return { state: 'paused', tone: toneOf('paused') }
  const word = state === 'live' && activity !== null ? activity : state
  return { state: word, tone: toneOf(word) }
}

/** What happens there, for a person. */
export function sentenceOf({ state, activity, why, asks, exitCode, pausedAt }: SessionView): string {
  if (state === 'ended') return `It has ended${end(why, exitCode)}.`
  if (state === 'offline') return `It cannot be reached${because(why)}.`
  if (activity === 'blocked') return `Its agent waits for a person${because(asks ?? why)}.`
  if (activity === 'busy') return `Its agent works${because(why)}.`
  if (activity === 'idle')
    return `Its agent is idle: a message is ${pausedAt === null ? 'taken at once' : 'held'}.`
  return 'It is open; what its agent does is not told.'
}

const because = (why: string | null): string => (why === null ? '' : `: ${why}`)

function end(why: string | null, exitCode: number | null): string {
  if (why !== null) return `: ${why}`
  return exitCode === null ? '' : ` with exit code ${exitCode}`
}
