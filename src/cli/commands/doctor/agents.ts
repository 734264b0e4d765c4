import type { Discovered, Driver } from '../../../domain/driver.ts'
import type { Session } from '../../../domain/session.ts'
import { shellQuoted } from '../../../domain/shell-quote.ts'
import type { Call } from '../../command.ts'
import { type Finding, opened } from './findings.ts'

const searchMs = 8000

/** Agents that the drivers find, running ones first, each with the command that adds it. */
export async function findAgents(call: Call): Promise<readonly Finding[]> {
  const sessions = await opened(call, [], ({ store }) => store.listSessions())
  const open = sessions.filter(({ state }) => state !== 'ended')
  const signal = AbortSignal.timeout(searchMs)
  const drivers = [...(await call.io.drivers()).values()]
  const found = (await Promise.all(drivers.map((driver) => discover(call, driver, open, signal)))).flat()
  const taken = new Set<string>(sessions.map(({ id }) => id))
  return [...found].sort((a, b) => Number(b.live) - Number(a.live)).map((one) => findingOf(one, taken))
}

async function discover(
  { io }: Call,
  driver: Driver,
  open: readonly Session[],
  signal: AbortSignal,
): Promise<readonly Discovered[]> {
  const known = open.filter((session) => session.driver === driver.kind).map(({ settings }) => settings)
  return (await driver.discover?.({ env: io.env, userHome: io.userHome, reached: known, signal })) ?? []
}

function findingOf({ what, live, id, add }: Discovered, taken: Set<string>): Finding {
  const command = ['postern', 'session', 'add', freeId(id, taken), ...add]
  return {
    verdict: 'found',
    detail: `${what} (${live ? 'running' : 'installed'})`,
    fix: command.map(shellQuoted).join(' '),
  }
}

function freeId(wanted: string, taken: Set<string>): string {
  let id = wanted
  for (let n = 2; taken.has(id); n++) id = `${wanted}-${n}`
  taken.add(id)
  return id
}
