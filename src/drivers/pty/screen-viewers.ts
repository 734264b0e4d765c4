import type { Socket } from 'node:net'
import { changeBetween, looksSame, type ScreenSnapshot } from '../../domain/screen-snapshot.ts'
import { type End, sendLine } from './protocol.ts'

/** The clients that are shown the screen of a terminal, cell by cell: first all of it, then the lines that change. */
export interface ScreenViewers {
  join(socket: Socket): void
  /** Something may look different now. */
  changed(): void
  end(end: End): void
}

interface Viewer {
  readonly socket: Socket
  /** What it was sent last. */
  seen: ScreenSnapshot | undefined
}

/** A burst of output is one change; then comes a rest. */
const [gatherMs, restMs] = [15, 200]
/** A client that has not taken so much yet gets the next change when it has. */
const maxUnreadBytes = 262_144

interface State {
  readonly viewers: Set<Viewer>
  /** The screen now; lines that look as they did in the one given are the same objects. */
  readonly look: (before: ScreenSnapshot | undefined) => Promise<ScreenSnapshot>
  last: ScreenSnapshot | undefined
  timer: NodeJS.Timeout | undefined
  looking: boolean
  again: boolean
  restedAt: number
}

/** Nothing is looked at while there is no viewer. */
export function createScreenViewers(look: State['look']): ScreenViewers {
  const state: State = {
    ...{ viewers: new Set(), look, last: undefined, timer: undefined },
    ...{ looking: false, again: false, restedAt: 0 },
  }
  return {
    join: (socket) => join(state, { socket, seen: undefined }),
    changed: () => plan(state),
    end: (end) => {
      for (const { socket } of state.viewers) {
        sendLine(socket, { is: 'end', end })
        socket.end()
      }
    },
  }
}

function join(state: State, viewer: Viewer): void {
  const { viewers } = state
  viewers.add(viewer)
  viewer.socket.once('close', () => {
    viewers.delete(viewer)
    if (viewers.size === 0) state.last = undefined
  })
  plan(state, 0)
}

function plan(state: State, afterMs = gatherMs): void {
  if (state.viewers.size === 0) return
  state.again = true
  if (state.looking || state.timer !== undefined) return
  const wait = Math.max(afterMs, state.restedAt - performance.now())
  state.timer = setTimeout(() => {
    state.timer = undefined
    void show(state)
  }, wait)
  state.timer.unref()
}

async function show(state: State): Promise<void> {
  state.looking = true
  state.again = false
  try {
    const screen = await state.look(state.last)
    state.last = screen
    for (const viewer of state.viewers) send(state, viewer, screen)
  } catch {
    // The terminal is being closed.
  } finally {
    state.looking = false
    state.restedAt = performance.now() + restMs
    if (state.again) plan(state)
  }
}

function send(state: State, viewer: Viewer, screen: ScreenSnapshot): void {
  const { socket, seen } = viewer
  if (seen && looksSame(seen, screen)) return
  if (socket.writableLength > maxUnreadBytes) {
    socket.once('drain', () => plan(state))
    return
  }
  sendLine(socket, { is: 'screen', change: changeBetween(seen, screen) })
  viewer.seen = screen
}
