import type { SessionView } from './views.ts'

/** What happens there, for a person. */
export function sessionSentence({ state, activity, why, asks, exitCode, pausedAt }: SessionView): string {
  if (state === 'ended') return `It has ended${end(why, exitCode)}.`
  if (state === 'offline') return `It cannot be reached${because(why)}.`
  if (activity === 'blocked') return `Its agent waits for a person${because(asks ?? why)}.`
  if (activity === 'busy') return `Its agent works${because(why)}.`
  if (activity === 'idle')
    return `Its agent is idle: a message is ${pausedAt === null ? 'taken at once' : 'held'}.`
  return 'It is open; what its agent does cannot be seen.'
}

const because = (why: string | null): string => (why === null ? '' : `: ${why}`)

function end(why: string | null, exitCode: number | null): string {
  if (why !== null) return `: ${why}`
  return exitCode === null ? '' : ` with exit code ${exitCode}`
}
