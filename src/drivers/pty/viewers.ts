import type { Socket } from 'node:net'
import { type End, type Reply, sayTo } from './protocol.ts'

/** Everybody who looks at a terminal now. */
export interface Watchers {
  /** `terminal`: it answers the program's queries itself. `show` gives what the screen has to be sent to be up to date. */
  join(socket: Socket, terminal: boolean): Promise<void>
  output(bytes: Uint8Array): void
  end(end: End): void
  /** True while nobody's terminal answers the program's queries. */
  unanswered(): boolean
  /** True once somebody has been told of the end. */
  toldEnd(): boolean
  /** True when keys of this one count: answers to queries are the first terminal's alone. */
  isFirst(socket: Socket): boolean
}

interface Watcher {
  readonly socket: Socket
  readonly terminal: boolean
  /** It reads too slowly: nothing more is sent until it has caught up, then the screen anew. */
  behind: boolean
}

const maxUnreadBytes = 8 * 1024 * 1024
/** What is kept of the first output for those who want to read all of it. */
const maxBacklogBytes = 16 * 1024 * 1024
const backlogMs = 10_000

interface Watching {
  readonly watchers: Set<Watcher>
  readonly repaint: () => Promise<string>
  backlog: Uint8Array[]
  backlogBytes: number
  keepsBacklog: boolean
  end: End | undefined
  told: boolean
}

export function createWatchers(repaint: () => Promise<string>): Watchers {
  const watching: Watching = {
    watchers: new Set(),
    repaint,
    backlog: [],
    backlogBytes: 0,
    keepsBacklog: true,
    end: undefined,
    told: false,
  }
  const timer = setTimeout(() => dropBacklog(watching), backlogMs)
  timer.unref()
  return {
    join: (socket, terminal) => join(watching, { socket, terminal, behind: false }),
    output: (bytes) => output(watching, bytes),
    end: (end) => tellEnd(watching, end),
    unanswered: () => ![...watching.watchers].some((watcher) => watcher.terminal),
    toldEnd: () => watching.told,
    isFirst: (socket) => [...watching.watchers].find((watcher) => watcher.terminal)?.socket === socket,
  }
}

/** A pipe gets all output from the start; a terminal, or one who comes late, gets the screen as it is. */
async function join(watching: Watching, watcher: Watcher): Promise<void> {
  const { socket, terminal } = watcher
  if (watching.keepsBacklog && (!terminal || watching.end)) {
    for (const bytes of watching.backlog) send(socket, bytes)
  } else send(socket, await watching.repaint())
  dropBacklog(watching)
  if (watching.end) return sayEnd(watching, socket, watching.end)
  watching.watchers.add(watcher)
  socket.once('close', () => watching.watchers.delete(watcher))
}

function output(watching: Watching, bytes: Uint8Array): void {
  keep(watching, bytes)
  for (const watcher of watching.watchers) {
    if (watcher.behind) continue
    send(watcher.socket, bytes)
    if (watcher.socket.writableLength > maxUnreadBytes) letCatchUp(watching, watcher)
  }
}

function letCatchUp(watching: Watching, watcher: Watcher): void {
  watcher.behind = true
  watcher.socket.once('drain', () => {
    void watching.repaint().then((screen) => {
      watcher.behind = false
      send(watcher.socket, screen)
    })
  })
}

function keep(watching: Watching, bytes: Uint8Array): void {
  if (!watching.keepsBacklog) return
  watching.backlog.push(bytes.slice())
  watching.backlogBytes += bytes.length
  if (watching.backlogBytes > maxBacklogBytes) dropBacklog(watching)
}

function dropBacklog(watching: Watching): void {
  watching.keepsBacklog = false
  watching.backlog = []
}

function tellEnd(watching: Watching, end: End): void {
  watching.end = end
  for (const { socket } of watching.watchers) sayEnd(watching, socket, end)
}

function sayEnd(watching: Watching, socket: Socket, end: End): void {
  watching.told = true
  sayTo(socket, { is: 'end', end })
  socket.end()
}

const send = (socket: Socket, data: Uint8Array | string): void => {
  const reply: Reply = { is: 'output', data: Buffer.from(data as Uint8Array).toString('base64') }
  sayTo(socket, reply)
}
