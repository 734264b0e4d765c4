import type { Connection } from '../domain/driver.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import { type ScreenSnapshot, textOfScreen } from '../domain/screen-snapshot.ts'
import type { Session, SessionId } from '../domain/session.ts'
import { iso } from './views.ts'

/** Who looks at a screen. */
export interface ScreenFollower {
  /** At first the screen as it is, then after each change. */
  readonly show: (screen: ScreenSnapshot) => void
  /** There is nothing to see any more; called at most once, and last. */
  readonly over: (why: string) => void
}

/** The screens of agents, each read once for all who look at it, and only while somebody does. */
export interface Screens {
  /** Whether its agent sits in a terminal that can be seen. */
  has(session: Session): boolean
  /** Follows until the returned function is called. */
  follow(session: Session, follower: ScreenFollower): () => void
  /** As it is now. Throws `unsupported` where there is no screen, `unreachable` when it cannot be seen now. */
  look(session: Session): Promise<ScreenSnapshot>
  /** How many screens are being read. */
  reading(): number
}

interface ScreensDeps {
  readonly connect: (session: Session) => Pick<Connection, 'watchScreen'> | undefined
  /** False once that opening of the session is over. */
  readonly isOpen: (session: Session) => Promise<boolean>
}

interface Watched {
  readonly followers: Set<ScreenFollower>
  readonly over: AbortController
  screen: ScreenSnapshot | undefined
}

/** How often a session whose screen is read is looked up: a pane outlives its session. */
const checkEveryMs = 1000
const lookMs = 4000

export function createScreens(deps: ScreensDeps): Screens {
  const watched = new Map<string, Watched>()
  const has = (session: Session) =>
    session.state !== 'ended' && deps.connect(session)?.watchScreen !== undefined
  const follow = (session: Session, follower: ScreenFollower) => {
    const key = keyOf(session)
    const screen = watched.get(key) ?? begin(deps, session, watched)
    screen.followers.add(follower)
    if (screen.screen) follower.show(screen.screen)
    return () => {
      if (!screen.followers.delete(follower) || screen.followers.size > 0) return
      screen.over.abort()
      if (watched.get(key) === screen) watched.delete(key)
    }
  }
  return {
    has,
    follow,
    reading: () => watched.size,
    look: async (session) => {
      if (!has(session)) throw noScreen(session)
      return lookOnce((follower) => follow(session, follower))
    },
  }
}

const keyOf = ({ id, generation }: Session): string => `${id} ${generation}`

const noScreen = ({ state, driver }: Session): Failure =>
  state === 'ended'
    ? new Failure('session_ended', 'The session has ended; it has no screen any more.')
    : new Failure('unsupported', `A session of the kind "${driver}" has no screen that could be seen.`)

function begin(deps: ScreensDeps, session: Session, all: Map<string, Watched>): Watched {
  const watched: Watched = { followers: new Set(), over: new AbortController(), screen: undefined }
  const key = keyOf(session)
  all.set(key, watched)
  const end = (why: string) => {
    if (all.get(key) === watched) all.delete(key)
    const followers = [...watched.followers]
    watched.followers.clear()
    watched.over.abort()
    for (const { over } of followers) over(why)
  }
  void read(deps, session, watched).then(end, (thrown: unknown) => end(reasonOf(thrown)))
  return watched
}

async function read(deps: ScreensDeps, session: Session, watched: Watched): Promise<string> {
  const { signal } = watched.over
  const stopped = new AbortController()
  const timer = setInterval(() => {
    void deps.isOpen(session).then(
      (open) => open || stopped.abort(),
      () => stopped.abort(),
    )
  }, checkEveryMs)
  timer.unref?.()
  const show = (screen: ScreenSnapshot) => {
    watched.screen = screen
    for (const follower of [...watched.followers]) follower.show(screen)
  }
  try {
    const either = AbortSignal.any([signal, stopped.signal])
    const why = await deps.connect(session)?.watchScreen?.(show, either)
    return stopped.signal.aborted ? 'the session has ended' : (why ?? 'there is no screen')
  } finally {
    clearInterval(timer)
  }
}

function lookOnce(follow: (follower: ScreenFollower) => () => void): Promise<ScreenSnapshot> {
  const { promise, resolve, reject } = Promise.withResolvers<ScreenSnapshot>()
  const refuse = (why: string) => reject(new Failure('unreachable', `Its screen cannot be seen: ${why}.`))
  const timer = setTimeout(() => refuse('it does not answer'), lookMs)
  const leave = follow({ show: resolve, over: refuse })
  return promise.finally(() => {
    clearTimeout(timer)
    leave()
  })
}

/** As programs see it. */
export const screenView = (session: SessionId, screen: ScreenSnapshot) => ({
  session,
  columns: screen.columns,
  rows: screen.rows,
  /** Null while its program hides it. */
  cursor: screen.cursor ?? null,
  changedAt: iso(screen.changedAt),
  /** A message of ours is being typed. */
  typing: screen.typing ?? false,
  text: textOfScreen(screen),
  lines: screen.lines,
})

/** The inverse of `screenView`. */
export const screenOfView = ({
  columns,
  rows,
  cursor,
  changedAt,
  typing,
  lines,
}: ReturnType<typeof screenView>): ScreenSnapshot => ({
  ...{ columns, rows, lines, changedAt: Date.parse(changedAt) },
  ...(cursor && { cursor }),
  ...(typing && { typing: true }),
})
