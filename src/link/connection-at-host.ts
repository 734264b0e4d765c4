import type { Connection, Readiness } from '../domain/driver.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import type { HostName } from '../domain/host.ts'
import { shownReadiness } from './shown.ts'
import type { HostRequest } from './wire.ts'

interface AtDistance {
  readonly host: HostName
  readonly screen: boolean
  readonly cancel: boolean
  /** Why nobody there comes for questions; undefined where somebody does. */
  readonly whyAway: () => Promise<string | undefined>
  readonly ask: (kind: HostRequest['ask'], signal?: AbortSignal) => Promise<unknown>
  readonly watch: NonNullable<Connection['watchScreen']>
}

/** Messages never go this way: a host claims them. Its agents are ended by the host, which sees that their session is over. */
export function connectionAt({ host, screen, cancel, whyAway, ask, watch }: AtDistance): Connection {
  const readiness = async (kind: 'state' | 'check', signal: AbortSignal): Promise<Readiness> => {
    const why = await whyAway()
    if (why !== undefined) return { kind: 'offline', why }
    try {
      return shownReadiness(await ask(kind, signal))
    } catch (thrown) {
      return { kind: 'offline', why: reasonOf(thrown) }
    }
  }
  const never = () => Promise.reject(new Failure('unsupported', `The host "${host}" brings its messages.`))
  return {
    state: (signal) => readiness('state', signal),
    check: (signal) => readiness('check', signal),
    skills: async (signal) => {
      const names = await ask('skills', signal).catch(() => undefined)
      return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : undefined
    },
    inject: never,
    turn: never,
    recall: never,
    ...(cancel && { cancelTurn: async () => (await ask('cancel')) === true }),
    ...(screen && { watchScreen: watch }),
    end: async () => {},
    close: async () => {},
  }
}
