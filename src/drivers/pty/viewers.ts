import type { Socket } from 'node:net'
import { type End, type Reply, sendLine } from './protocol.ts'

/** The clients that are shown a terminal's output now. */
export interface Viewers {
  /** `terminal`: a real terminal, which answers the program's queries itself. */
  join(socket: Socket, terminal: boolean): Promise<void>
  output(bytes: Uint8Array): void
  end(end: End): void
  /** True while no viewer is a terminal that answers the program's queries. */
  unanswered(): boolean
  /** True once a viewer was sent the end. */
  hasSentEnd(): boolean
  /** Whether this is the first terminal: answers to the program's queries count from that one alone. */
  isFirst(socket: Socket): boolean
}

interface Viewer {
  readonly socket: Socket
  readonly terminal: boolean
  /** The client reads too slowly: nothing more is sent until it has caught up, then the whole screen. */
  behind: boolean
}

const maxUnreadBytes = 8 * 1024 * 1024
/** How much of the first output is kept for pipes that want all of it. */
const maxBacklogBytes = 16 * 1024 * 1024
const backlogMs = 10_000

interface ViewersState {
  readonly viewers: Set<Viewer>
  readonly repaint: () => Promise<string>
  backlog: Uint8Array[]
  backlogBytes: number
  keepsBacklog: boolean
  end: End | undefined
  sentEnd: boolean
}

export function createViewers(repaint: () => Promise<string>): Viewers {
  const state: ViewersState = {
    viewers: new Set(),
    repaint,
    backlog: [],
    backlogBytes: 0,
    keepsBacklog: true,
    end: undefined,
    sentEnd: false,
  }
  const timer = setTimeout(() => dropBacklog(state), backlogMs)
  timer.unref()
  return {
    join: (socket, terminal) => join(state, { socket, terminal, behind: false }),
    output: (bytes) => output(state, bytes),
    end: (end) => endAll(state, end),
    unanswered: () => ![...state.viewers].some((viewer) => viewer.terminal),
    hasSentEnd: () => state.sentEnd,
    isFirst: (socket) => [...state.viewers].find((viewer) => viewer.terminal)?.socket === socket,
  }
}

/** A pipe gets all output from the start; a terminal, or a late viewer, gets the screen as it is. */
async function join(state: ViewersState, viewer: Viewer): Promise<void> {
  const { socket, terminal } = viewer
  if (state.keepsBacklog && (!terminal || state.end)) {
    for (const bytes of state.backlog) send(socket, bytes)
  } else send(socket, await state.repaint())
  dropBacklog(state)
  if (state.end) return sendEnd(state, socket, state.end)
  state.viewers.add(viewer)
  socket.once('close', () => state.viewers.delete(viewer))
}

function output(state: ViewersState, bytes: Uint8Array): void {
  keep(state, bytes)
  for (const viewer of state.viewers) {
    if (viewer.behind) continue
    send(viewer.socket, bytes)
    if (viewer.socket.writableLength > maxUnreadBytes) letCatchUp(state, viewer)
  }
}

function letCatchUp(state: ViewersState, viewer: Viewer): void {
  viewer.behind = true
  viewer.socket.once('drain', () => {
    void state.repaint().then((screen) => {
      viewer.behind = false
      send(viewer.socket, screen)
    })
  })
}

function keep(state: ViewersState, bytes: Uint8Array): void {
  if (!state.keepsBacklog) return
  state.backlog.push(bytes.slice())
  state.backlogBytes += bytes.length
  if (state.backlogBytes > maxBacklogBytes) dropBacklog(state)
}

function dropBacklog(state: ViewersState): void {
  state.keepsBacklog = false
  state.backlog = []
}

function endAll(state: ViewersState, end: End): void {
  state.end = end
  for (const { socket } of state.viewers) sendEnd(state, socket, end)
}

function sendEnd(state: ViewersState, socket: Socket, end: End): void {
  state.sentEnd = true
  sendLine(socket, { is: 'end', end })
  socket.end()
}

const send = (socket: Socket, data: Uint8Array | string): void => {
  const reply: Reply = { is: 'output', data: Buffer.from(data as Uint8Array).toString('base64') }
  sendLine(socket, reply)
}
