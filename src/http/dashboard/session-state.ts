import type { SessionView } from '../../manage/views.ts'
import { shownState, type Tone, toneOf } from './page.ts'

/** In a word: a paused session takes nothing, whatever its agent does; an open one is what its agent does. */
export function stateOf({ state, pausedAt, activity }: SessionView): {
  readonly state: string
  readonly tone: Tone
} {
  const word =
    pausedAt !== null && state !== 'ended' ? 'paused' : state === 'live' ? (activity ?? state) : state
  return { state: shownState(word), tone: toneOf(word) }
}
