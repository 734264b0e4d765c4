import { existsSync } from 'node:fs'
import { chmod, mkdir, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { dirname } from 'node:path'
import { selfVariable } from '../../domain/capability.ts'
import { Failure, mayPass, reasonOf } from '../../domain/error.ts'
import type { Platform } from '../../platform/platform.ts'
import { pause } from '../../wait.ts'
import { type HookEventReader, openHookEvents } from '../agent-hooks/event-file.ts'
import { agentEnv } from '../process/environment.ts'
import { endGroup, signalGroup } from '../process/process.ts'
import { type Multiline, typingRules } from '../terminal/keystrokes.ts'
import { createTypist } from '../terminal/typing.ts'
import { type HeldTerminal, holdTerminal } from './held-terminal.ts'
import { type Holder, serve } from './holder-requests.ts'
import { type End, exitCodeOf, type Size } from './protocol.ts'
import { createScreenViewers } from './screen-viewers.ts'
import { createTypedDeliveries } from './typed-deliveries.ts'
import { createViewers, type Viewers } from './viewers.ts'

interface HolderDeps {
  /** Absolute and free; its directory is created when it is missing. */
  readonly socket: string
  readonly session: string
  readonly generation: string
  readonly command: readonly string[]
  readonly cwd: string
  /** Path of the file with the capability of the session. */
  readonly self?: string
  /** The caller's whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly size: Size
  readonly multiline: Multiline
  /** Called once the holder listens. */
  readonly onReady: (childPid: number) => void
  /** Writes the tombstone; false when the session is not open yet, then it is asked again. */
  readonly onEnd: (end: End) => Promise<boolean>
}

/**
 * Owns one program in a terminal until that program ends, whoever comes and goes: the server, the person's
 * terminal, the process that started it. Resolves with the program's exit code as a shell reports it. Throws
 * `unsupported` where the runtime has no terminals and `usage` when the program cannot be started.
 */
export async function runHolder(deps: HolderDeps, platform: Platform): Promise<number> {
  const { openTerminal } = platform
  if (!openTerminal)
    throw new Failure('unsupported', `Terminals need the built postern; ${platform.runtime} has none.`)
  const server = await listen(deps.socket)
  const { session: id, generation } = deps
  const hooks = openHookEvents(dirname(deps.socket), { id, generation })
  try {
    const ended = Promise.withResolvers<End>()
    await hooks.begin()
    const holder = createHolder(deps, checkedOpen(openTerminal), hooks, ended.resolve)
    server.on('connection', (socket) => serve(holder, socket))
    return await untilEnd(deps, holder, ended.promise)
  } finally {
    await hooks.forget()
    await close(server, deps.socket)
  }
}

/** What a path to a Unix socket may take in bytes: `sun_path` less its final zero. */
const maxPathBytes = process.platform === 'darwin' ? 103 : 107

async function listen(path: string): Promise<Server> {
  if (Buffer.byteLength(path) > maxPathBytes)
    throw new Failure(
      'home_unusable',
      `The path of the socket is over ${maxPathBytes} bytes; choose a shorter home: ${path}`,
    )
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  await chmod(path, 0o600)
  return server
}

/** `open`, with a `Failure` of code `usage` for what cannot be started. */
const checkedOpen =
  (open: NonNullable<Platform['openTerminal']>): NonNullable<Platform['openTerminal']> =>
  (deps) => {
    if (!existsSync(deps.cwd)) throw new Failure('usage', `There is no folder ${deps.cwd}.`)
    try {
      return open(deps)
    } catch (cause) {
      throw new Failure('usage', `Cannot start ${deps.command[0]}: ${reasonOf(cause)}`, { cause })
    }
  }

/** How many deliveries are remembered: more than a session's queue can hold at a crash. */
const typedLimit = 10_000

function createHolder(
  deps: HolderDeps,
  open: NonNullable<Platform['openTerminal']>,
  hooks: HookEventReader,
  onEnd: (end: End) => void,
): Holder {
  const viewers: Viewers = createViewers(() => terminal.repaint())
  const screens = createScreenViewers(async (before) => ({
    ...(await terminal.snapshot(before)),
    changedAt: terminal.changedAt(),
    ...(holder.typing && { typing: true }),
  }))
  const terminal: HeldTerminal = holdTerminal({
    open,
    command: deps.command,
    cwd: deps.cwd,
    env: environmentOf(deps),
    size: deps.size,
    answers: viewers.unanswered,
    onPersonKeys: (enter) => typist.onPersonKeys(enter),
    onOutput: (bytes) => {
      viewers.output(bytes)
      screens.changed()
    },
    onEnd: (end) => {
      holder.end = end
      onEnd(end)
    },
  })
  const typist = createTypist(terminal.surface, typingRules(process.platform, deps.multiline), hooks)
  const typed = createTypedDeliveries(typedLimit)
  const stop = () => endProgram(terminal.pid)
  const holder: Holder = {
    ...{ session: deps.session, generation: deps.generation },
    ...{ terminal, typist, typed, viewers, screens, stop },
    ...{ end: undefined, typing: false },
  }
  return holder
}

function environmentOf({ env, cwd, session, self }: HolderDeps): Record<string, string> {
  const own = { POSTERN_SESSION: session, ...(self !== undefined && { [selfVariable]: self }), PWD: cwd }
  const known = agentEnv(env, own)
  const term = known.TERM === undefined || known.TERM === 'dumb' ? 'xterm-256color' : known.TERM
  const set = Object.entries({ ...known, TERM: term }).filter((entry) => entry[1] !== undefined)
  return Object.fromEntries(set.map(([name, value]) => [name, String(value)]))
}

async function untilEnd(deps: HolderDeps, holder: Holder, ended: Promise<End>): Promise<number> {
  const unhook = onSignals(holder)
  deps.onReady(holder.terminal.pid)
  try {
    const end = await ended
    holder.viewers.end(end)
    holder.screens.end(end)
    await Promise.all([writeTombstone(deps, end), awaitViewer(holder.viewers)])
    return exitCodeOf(end)
  } finally {
    unhook()
    holder.terminal.close()
  }
}

/** A holder outlives the terminal it was started from; SIGTERM and SIGINT end its program too. */
function onSignals(holder: Holder): () => void {
  const ignore = () => {}
  const stop = () => void holder.stop()
  process.on('SIGHUP', ignore).on('SIGTERM', stop).on('SIGINT', stop)
  return () => {
    process.off('SIGHUP', ignore).off('SIGTERM', stop).off('SIGINT', stop)
  }
}

const graceMs = 2000

function endProgram(pid: number): Promise<void> {
  const ended = endGroup(pid, graceMs, ['SIGHUP', 'SIGTERM'])
  // A stopped program takes its end only when it goes on.
  signalGroup(pid, 'SIGCONT')
  return ended
}

const tombstoneAttempts = 50
const tombstonePauseMs = 100

/** How often a store that is away is tried again, and for how long: until then this process alone knows how its program ended. */
const awayPauseMs = 2000
const awayMs = 3_600_000

/** A program can be over before its session is written, and a store can be busy. */
async function writeTombstone({ onEnd }: HolderDeps, end: End): Promise<void> {
  const until = performance.now() + awayMs
  for (let attempt = 0; attempt < tombstoneAttempts || performance.now() < until; attempt++) {
    const written = await onEnd(end).catch((thrown: unknown) => mayPass(thrown) && 'away')
    if (written === true) return
    const late = attempt >= tombstoneAttempts
    if (late && written !== 'away') return
    await pause(late ? awayPauseMs : tombstonePauseMs)
  }
}

const lingerMs = 5000

/** A client that is just about to attach still learns how the program ended. */
async function awaitViewer(viewers: Viewers): Promise<void> {
  for (let waited = 0; waited < lingerMs && !viewers.hasSentEnd(); waited += tombstonePauseMs)
    await pause(tombstonePauseMs)
}

async function close(server: Server, path: string): Promise<void> {
  server.close()
  await rm(path, { force: true })
}
