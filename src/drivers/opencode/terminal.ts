import { agentRunBy } from '../agents/kinds.ts'
import { statOf, textOf } from '../process/files.ts'
import { type Listener, listeners } from '../process/ports.ts'

/** An opencode that listens on this machine and has a screen on which one conversation at most is open. */
export interface Terminal {
  /** Unix milliseconds. What was not used since then was not opened on its screen by writing. */
  readonly startedAt: number
}

/** A machine on which an agent starts is busy. */
const searchMs = 5000

/**
 * The terminal that listens at a URL; undefined for `opencode serve`, for other machines and where the system does not show
 * its processes.
 */
export async function terminalAt(url: string): Promise<Terminal | undefined> {
  const { hostname = '', port = '' } = URL.parse(url) ?? {}
  if (!loopback.test(hostname)) return undefined
  const here = await opencodeListeners(AbortSignal.timeout(searchMs))
  const found = here.find((listener) => listener.port === Number(port))
  return found && terminalOf(found)
}

const loopback = /^(?:127(?:\.\d+){3}|localhost|\[::1\])$/

export const opencodeListeners = (signal: AbortSignal): Promise<readonly Listener[]> =>
  listeners((command) => agentRunBy(command.slice(0, 1)) === 'opencode', signal)

export async function terminalOf({ pid, command }: Listener): Promise<Terminal | undefined> {
  if (command.slice(1).some((word) => screenless.has(word))) return undefined
  const startedAt = await startOf(pid)
  return startedAt === undefined ? undefined : { startedAt }
}

/** Commands of opencode that listen without a screen. */
const screenless: ReadonlySet<string> = new Set(['serve', 'web', 'acp', 'run'])

/** Ticks in a second of proc(5) `stat`, the same on all platforms of Linux that matter here (sysconf _SC_CLK_TCK). */
const ticksPerSecond = 100

async function startOf(pid: number): Promise<number | undefined> {
  const [uptime, ticks] = [Number.parseFloat(await textOf('/proc/uptime')), Number((await statOf(pid))[19])]
  const startedAt = Date.now() - (uptime - ticks / ticksPerSecond) * 1000
  return Number.isFinite(startedAt) ? startedAt : undefined
}
