import type { Discovered, Driver, Way } from '../../../domain/driver.ts'
import type { Session } from '../../../domain/session.ts'
import { shellQuoted } from '../../../domain/shell-quote.ts'
import type { Call } from '../../command.ts'
import { type Examination, type Finding, opened } from './findings.ts'

const searchMs = 8000

/**
 * Agents that the drivers find, running ones first, each with the command that adds it. Of the ways to one agent the best comes
 * first, and gets the plain name.
 */
export async function findAgents(call: Examination): Promise<readonly Finding[]> {
  const [sessions, here] = await opened(
    call,
    [[], undefined] as const,
    async ({ store, host }) => [await store.listSessions(), host] as const,
  )
  const open = sessions.filter(({ state, host }) => state !== 'ended' && host === here)
  const signal = AbortSignal.timeout(searchMs)
  const drivers = [...(await call.io.drivers()).values()]
  const found = (await Promise.all(drivers.map((driver) => discover(call, driver, open, signal)))).flat()
  const taken = new Set<string>(sessions.map(({ id }) => id))
  return found.toSorted(better).map((one) => findingOf(one, taken))
}

const better = (a: Discovered, b: Discovered): number =>
  Number(b.live) - Number(a.live) || a.id.localeCompare(b.id) || rank(a.way) - rank(b.way)

const rank = (way: Way): number => Object.keys(ways).indexOf(way)

/** What speaks for a way, best first. */
const ways: Readonly<Record<Way, string>> = {
  own: 'returns its answer, types nothing',
  adapter: 'returns its answer through an adapter, types nothing',
  process: 'returns its answer, starts anew for each message',
  typed: 'types into its terminal; without its hooks no answer comes back',
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

function findingOf({ what, live, way, id, add }: Discovered, taken: Set<string>): Finding {
  const command = ['postern', 'session', 'add', freeId(id, taken), ...add]
  return {
    verdict: 'found',
    detail: `${what} (${live ? 'running' : 'installed'}): ${ways[way]}`,
    fix: command.map(shellQuoted).join(' '),
  }
}

function freeId(wanted: string, taken: Set<string>): string {
  let id = wanted
  for (let n = 2; taken.has(id); n++) id = `${wanted}-${n}`
  taken.add(id)
  return id
}
