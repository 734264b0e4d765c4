import { type Host, hostState, isDoor } from '../../../domain/host.ts'
import { plural } from '../../../domain/plural.ts'
import { iso } from '../../../manage/views.ts'
import type { LocalHome } from '../../context.ts'
import { type Examination, type Finding, note, opened, orOk } from './findings.ts'
import { isServing } from './server.ts'

/** A machine that restarts or changes its network is back by then. Milliseconds. */
const patienceMs = 60_000

/**
 * Machines that went away while something waits for their sessions. Nothing where no machine may join, in the home of a joined
 * one, and while no server runs here, which no host could reach.
 */
export function checkHosts(call: Examination): Promise<readonly Finding[]> {
  return opened(call, [], async (home) => {
    const hosts = home.door === undefined ? await home.store.listHosts() : []
    const joining = hosts.filter((host) => !isDoor(host) && host.revokedAt === undefined)
    if (joining.length === 0 || !(await isServing(call))) return []
    const now = home.clock.now() - home.skew()
    const there = joining.filter((host) => hostState(host, now) === 'there')
    const away = joining.filter(({ aliveUntil = now }) => now - aliveUntil > patienceMs)
    return orOk(
      (await Promise.all(away.map((host) => missed(home, host)))).flat(),
      `${there.length} of ${joining.length} there`,
    )
  })
}

async function missed(
  { store, skew }: LocalHome,
  { name, aliveUntil = 0 }: Host,
): Promise<readonly Finding[]> {
  const [sessions, { queues }] = await Promise.all([store.listSessions(), store.counts()])
  const own = sessions.filter(({ host }) => host === name)
  const waiting = own.reduce((sum, { id }) => sum + (queues.get(id) ?? 0), 0)
  if (waiting === 0) return []
  const messages = `${plural(waiting, 'message')} ${waiting === 1 ? 'waits' : 'wait'}`
  return [
    note(
      `"${name}" has been away since ${iso(aliveUntil + skew())}, and ${messages} for its sessions`,
      'there: postern join; or open its sessions on another machine, with --replace',
    ),
  ]
}
