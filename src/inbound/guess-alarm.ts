import type { Log } from '../domain/ports.ts'
import { guessesAnHour, type NewRefusal } from '../domain/refusal.ts'

/** Raises the alarm when secrets are being guessed. Nobody is locked out: a right secret may share the guesser's address. */
interface GuessAlarm {
  guessed(refusal: Pick<NewRefusal, 'at' | 'door' | 'peer'>): void
  /** Since the start. */
  total(): number
}

const minuteMs = 60_000
const minutes = 60
const mostPeers = 1000

/** What an alarm says. */
export interface Guessing {
  readonly count: number
  readonly withinMinutes: number
  /** Addresses that they came from. */
  readonly peers: number
  readonly door: string
}

interface GuessAlarmDeps {
  readonly log: Log
  readonly raised?: ((guessing: Guessing) => void) | undefined
  /** How many doors there are now, with this one: a guesser is sent to all of them in turn. */
  readonly doors: () => number
}

export function createGuessAlarm({ log, raised, doors }: GuessAlarmDeps): GuessAlarm {
  const byMinute = new Map<number, number>()
  let peers = new Set<string>()
  let quietUntil = Number.NEGATIVE_INFINITY
  let total = 0
  return {
    guessed({ at, door, peer }) {
      total += 1
      const minute = Math.floor(at / minuteMs)
      byMinute.set(minute, (byMinute.get(minute) ?? 0) + 1)
      for (const old of byMinute.keys()) if (old <= minute - minutes || old > minute) byMinute.delete(old)
      if (peers.size < mostPeers) peers.add(peer)
      const count = [...byMinute.values()].reduce((a, b) => a + b, 0)
      // A clock that was set back must not silence it for longer than an hour.
      const quiet = at < quietUntil && quietUntil - at <= minutes * minuteMs
      if (count * doors() < guessesAnHour || quiet) return
      const guessing: Guessing = { count, withinMinutes: minutes, peers: peers.size, door }
      log('warn', 'guessing.alarm', { ...guessing })
      raised?.(guessing)
      quietUntil = at + minutes * minuteMs
      peers = new Set()
    },
    total: () => total,
  }
}
