import { Failure, reasonOf } from '../domain/error.ts'
import type { Log } from '../domain/ports.ts'
import { pause } from '../wait.ts'

const againMs = 500

/** No later word of the door changes these. */
const lasts: readonly string[] = ['already_running', 'unauthorized']

/** A door that is away comes back, and is told of once; one that knows this host no more does not. */
export function createLasting(giveUp: (thrown: unknown) => void, log: Log) {
  let away: string | undefined
  return (act: () => Promise<unknown>) => async (): Promise<boolean> => {
    try {
      await act()
      if (away !== undefined) log('info', 'door.back')
      away = undefined
      return true
    } catch (thrown) {
      // With the exit code of a token that is refused: a service that began again would take its place in turn.
      if (thrown instanceof Failure && lasts.includes(thrown.code))
        giveUp(new Failure('unauthorized', thrown.message))
      else {
        if (away !== reasonOf(thrown)) log('warn', 'door.away', { why: reasonOf(thrown) })
        away = reasonOf(thrown)
        await pause(againMs)
      }
      return false
    }
  }
}
