import { Failure } from '../domain/error.ts'
import type { HostName } from '../domain/host.ts'
import { applied, looksSame, type ScreenSnapshot } from '../domain/screen-snapshot.ts'
import type { Session, SessionId } from '../domain/session.ts'
import { shownScreen } from './shown.ts'
import type { HostAnswer, HostRequest } from './wire.ts'

/** What this door has asked of hosts, until it is answered. */
export interface OpenRequests {
  /** One question with one answer. */
  once(session: Session, host: HostName, kind: HostRequest['ask'], signal: AbortSignal): Promise<unknown>
  /** `Connection.watchScreen`. */
  watch(
    session: Session,
    host: HostName,
    show: (screen: ScreenSnapshot) => void,
    signal: AbortSignal,
  ): Promise<string>
  /** False when nobody wants more of that; undefined when nobody here has asked it of that host. */
  answer(host: HostName, answer: HostAnswer): boolean | undefined
}

interface OpenRequestsDeps {
  readonly newId: () => string
  /** Throws when it cannot be asked. */
  readonly send: (host: HostName, request: HostRequest) => void
  /** Answers to the request of that id are wanted no more. */
  readonly stop: (host: HostName, id: string) => void
}

interface Pending {
  readonly host: HostName
  readonly take: (answer: HostAnswer) => boolean
}

export const stopRequest = (id: string): HostRequest => ({
  ...{ id, session: '' as SessionId, generation: '', ask: 'stop' },
})

export const silent = (host: HostName): Failure =>
  new Failure('unreachable', `The host "${host}" does not answer.`)

export function createOpenRequests(deps: OpenRequestsDeps): OpenRequests {
  const asked = new Map<string, Pending>()
  const ask = (session: Session, host: HostName, kind: HostRequest['ask'], take: Pending['take']): string => {
    const id = deps.newId()
    deps.send(host, { id, session: session.id, generation: session.generation, ask: kind })
    asked.set(id, { host, take })
    return id
  }
  const stop = (host: HostName, id: string) => {
    if (asked.delete(id)) deps.stop(host, id)
  }
  return {
    async once(session, host, kind, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      const id = ask(session, host, kind, (answer) => {
        if ('refusal' in answer) reject(new Failure('unreachable', answer.refusal))
        else resolve(answer.value)
        return false
      })
      const late = () => reject(silent(host))
      signal.addEventListener('abort', late)
      try {
        if (signal.aborted) late()
        return await promise
      } finally {
        signal.removeEventListener('abort', late)
        stop(host, id)
      }
    },
    /** Each answer is what changed on the screen, the last one why there is nothing more to see. */
    async watch(session, host, show, signal) {
      const { promise, resolve } = Promise.withResolvers<string>()
      let screen: ScreenSnapshot | undefined
      const quiet = silence(() => resolve(silent(host).message))
      const id = ask(session, host, 'screen', (answer) => {
        if ('refusal' in answer) resolve(answer.refusal)
        else if (!answer.more) resolve(String(answer.value))
        else {
          quiet.ends()
          const before = screen
          screen = applied(screen, shownScreen(answer.value))
          if (!before || !looksSame(before, screen)) show(screen)
          return !signal.aborted
        }
        return false
      })
      const leave = () => resolve('nobody looks any more')
      signal.addEventListener('abort', leave)
      try {
        if (signal.aborted) leave()
        return await promise
      } finally {
        signal.removeEventListener('abort', leave)
        quiet.over()
        stop(host, id)
      }
    },
    answer(host, answer) {
      const known = asked.get(answer.id)
      if (known?.host !== host) return undefined
      const more = known.take(answer)
      if (!more) asked.delete(answer.id)
      return more
    },
  }
}

/** Longer than `aliveMs` of who shows a screen, and the way here. Milliseconds. */
const silentMs = 12_000

/** Whoever showed a screen may be gone without a word. */
function silence(act: () => void) {
  let timer = setTimeout(act, silentMs)
  const over = () => clearTimeout(timer)
  return {
    ends: () => {
      over()
      timer = setTimeout(act, silentMs)
    },
    over,
  }
}
