import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import type { Io } from '../cli/context.ts'
import { Failure } from '../domain/error.ts'
import { homeAt } from '../domain/home.ts'
import type { Clock } from '../domain/ports.ts'
import type { Platform } from '../platform/platform.ts'
import { version } from '../version.ts'
import { openLocalHome, type ProcessDeps } from './local-home.ts'
import { standardStreams } from './standard-streams.ts'
import { terminalSize } from './terminal-size.ts'

/** The composition root: everything outside of the command line, on one platform. Heavy parts load at the first call. */
export function createIo(platform: Platform, storeThread: URL): Io {
  const { env } = process
  const clock: Clock = {
    now: Date.now,
    random: Math.random,
    bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  }
  const streams = standardStreams()
  let stopping: AbortSignal | undefined
  const deps: ProcessDeps = { platform, env, clock, storeThread }
  const io: Io = {
    stdout: streams.stdout,
    stderr: streams.stderr,
    outputClosed: streams.outputClosed,
    env,
    cwd: process.cwd(),
    // Root may have become another user (`home-owner.ts`).
    get userHome() {
      return env.HOME ?? homedir()
    },
    now: clock.now,
    random: clock.bytes,
    terminal: {
      stdin: process.stdin.isTTY === true,
      stdout: process.stdout.isTTY === true,
      stderr: process.stderr.isTTY === true,
      ...terminalSize(process.stdout),
    },
    get stopping() {
      stopping ??= stopSignal()
      return stopping
    },
    program: {
      version,
      runtime: runtimeName(platform),
      target: `${process.platform}-${process.arch}`,
      command: platform.selfCommand(),
    },
    read: (path) => (path === '-' ? streams.readStdin() : readInput(path)),
    ask,
    modeOf: async (path) => statSync(path, { throwIfNoEntry: false })?.mode,
    probe: async (url, signal) => (await import('./probe-url.ts')).probe(url, signal),
    drivers: async () => (await import('../drivers/index.ts')).allDrivers(env, () => []),
    useStore: (address) => {
      env.POSTERN_STORE = address
    },
    hasStore: async (home) => (await import('./store-address.ts')).hasStore(env, homeAt(home)),
    openHome: (home) => openLocalHome(deps, home, io.stderr),
    server: async (home) => (await import('./server-client.ts')).serverClient(env, home),
    config: async (home) => (await import('./config-commands.ts')).configFile(deps, home),
    hooks: async (home) => (await import('./config-commands.ts')).hookTools(deps, home),
    keys: async (home) => (await import('./home-keys.ts')).keyTools(deps, home),
    look: async (home) => (await import('./home-look.ts')).lookAtHome(deps, home),
    restore: async (home, file, options) =>
      (await import('./restore-home.ts')).restoreHome(deps, home, file, options),
    acceptLoss: async (home, options) =>
      (await import('./restore-home.ts')).acceptLossOf(deps, home, options),
    copyStore: async (home, to) => (await import('./copy-store.ts')).copyHome(deps, home, to, io.stderr),
    relay: async () => {
      const { hookSettings, createEventFile, relayHook } = await import('../drivers/agent-hooks/relay.ts')
      const { permissionAsked } = await import('../drivers/agent-hooks/permission.ts')
      const program = platform.selfCommand()
      return {
        send: relayHook,
        permission: permissionAsked,
        confirm: async (home, answer) =>
          (await import('./hook-answer.ts')).leaveAnswer(program, home, answer),
        listen: createEventFile,
        settings: (wanted) => hookSettings({ ...wanted, program }),
      }
    },
    terminalHolder: async (home) => (await import('./terminal-holder.ts')).openTerminalHolder(deps, home),
    ownSession: async (home) => (await import('./own-client.ts')).ownRequest(io, home),
    serveMcp: async (home) => (await import('./mcp.ts')).serveAgent(io, home),
    join: async (home, order) => (await import('./join.ts')).join(deps, io, home, order),
    leave: async (home) => (await import('./join.ts')).leave(deps, home),
    serve: async (home, flags) => {
      platform.keepMemory()
      return (await import('./serve.ts')).serve(deps, io, home, flags)
    },
    confirmAnswer: async (args) => (await import('./hook-answer.ts')).confirmAnswer(deps, io, args),
    holdTerminal: async (args) => (await import('./terminal-holder.ts')).holdTerminal(deps, io, args),
  }
  return io
}

/** Registered at the first use: commands without it end at ^C the ordinary way. */
function stopSignal(): AbortSignal {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())
  return stopping.signal
}

async function readInput(path: string): Promise<Uint8Array> {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new Failure('not_found', `Cannot read ${path}.`, { cause })
  }
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  return new Promise((resolve) => {
    lines.once('close', () => resolve(''))
    lines.question(question, (answer) => {
      resolve(answer)
      lines.close()
    })
  })
}

const runtimeName = ({ runtime }: Platform): string =>
  `${runtime} ${process.versions[runtime] ?? process.version}`
