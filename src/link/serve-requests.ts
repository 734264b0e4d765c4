import type { Connection } from '../domain/driver.ts'
import { mayPass, reasonOf } from '../domain/error.ts'
import { changeBetween, type ScreenSnapshot } from '../domain/screen-snapshot.ts'
import { isSameOpening, type Session } from '../domain/session.ts'
import { pause } from '../wait.ts'
import type { HostAnswer, HostRequest } from './wire.ts'

interface ServeDeps {
  readonly findSession: (id: HostRequest['session']) => Promise<Session | undefined>
  readonly connect: (session: Session) => Connection | undefined
  readonly skills: (session: Session) => Promise<readonly string[]>
  /** Resolves with whether more is wanted. */
  readonly answer: (answer: HostAnswer) => Promise<boolean>
}

export interface RequestServer {
  serve(request: HostRequest): void
  /** Answers nothing any more. */
  close(): void
}

const askMs = 5000
/** How often who looks at a screen hears that it is still shown. Milliseconds. */
const aliveMs = 5000
/** How soon a picture that did not arrive is sent again. Milliseconds. */
const againMs = 250

/** Answers what the door asks about the agents of this host. */
export function createRequestServer(deps: ServeDeps): RequestServer {
  const watching = new Map<string, AbortController>()
  const serve = async (request: HostRequest): Promise<HostAnswer> => {
    const { id, ask } = request
    const session = await deps.findSession(request.session)
    const connection = session && isSameOpening(session, request) ? deps.connect(session) : undefined
    if (!session || !connection) return { id, refusal: 'that opening of the session is over' }
    if (ask === 'screen') return { id, value: await watch(request, connection), more: false }
    return { id, value: await answerOf(deps, ask, session, connection), more: false }
  }
  const watch = async ({ id }: HostRequest, { watchScreen }: Connection): Promise<string> => {
    if (!watchScreen) return 'it has no screen that could be seen'
    const over = new AbortController()
    watching.set(id, over)
    const { show, again } = inTurn(deps, id, over)
    const alive = setInterval(again, aliveMs)
    try {
      return await watchScreen(show, over.signal)
    } finally {
      clearInterval(alive)
      watching.delete(id)
      over.abort()
    }
  }
  return {
    serve(request) {
      if (request.ask === 'stop') watching.get(request.id)?.abort()
      else
        void serve(request)
          .catch((thrown: unknown) => ({ id: request.id, refusal: reasonOf(thrown) }))
          .then(deps.answer)
          .catch(() => {})
    },
    close() {
      for (const over of watching.values()) over.abort()
    },
  }
}

async function answerOf(
  { skills }: ServeDeps,
  ask: HostRequest['ask'],
  session: Session,
  connection: Connection,
): Promise<unknown> {
  const signal = AbortSignal.timeout(askMs)
  if (ask === 'cancel') return connection.cancelTurn?.()
  if (ask === 'skills') return skills(session)
  return ask === 'check' && connection.check ? connection.check(signal) : connection.state(signal)
}

/** One picture is on its way at a time; of those that come meanwhile the newest follows. */
function inTurn(
  { answer }: Pick<ServeDeps, 'answer'>,
  id: string,
  over: AbortController,
): { readonly show: (screen: ScreenSnapshot) => void; readonly again: () => void } {
  let sent: ScreenSnapshot | undefined
  let newest: ScreenSnapshot | undefined
  let sending = false
  const send = async () => {
    sending = true
    while (newest && !over.signal.aborted) {
      const screen = newest
      newest = undefined
      try {
        const more = await answer({ id, value: changeBetween(sent, screen), more: true })
        if (!more) over.abort()
        sent = screen
      } catch (thrown) {
        if (!mayPass(thrown)) over.abort()
        // What the door has of it is not known: it gets the whole screen, once it can be reached.
        sent = undefined
        newest ??= screen
        await pause(againMs, over.signal)
      }
    }
    sending = false
  }
  const show = (screen: ScreenSnapshot) => {
    newest = screen
    if (!sending) void send()
  }
  /** Nothing new: that it is still shown. */
  const again = () => sent && !sending && show(sent)
  return { show, again }
}
