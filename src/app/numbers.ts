import type { Counts } from '../domain/counts.ts'
import type { Decision } from '../domain/decision.ts'
import type { StoreServer } from '../domain/door.ts'
import { type Host, type HostState, hostState, isDoor } from '../domain/host.ts'
import type { Store } from '../domain/ports.ts'
import type { Activities, ActivityBoard } from '../manage/activity.ts'
import type { AgentRequests } from '../manage/agent-requests.ts'
import type { SteadyClock } from '../store/steady-clock.ts'
import type { Notices } from './notices.ts'

/** What `/metrics` counts. */
export interface Numbers {
  readonly counts: Counts
  readonly activities: Activities
  readonly decisions: readonly Decision[]
  /** Of machines that may join, and of doors that share the store. */
  readonly hosts: readonly HostState[]
  readonly doors: readonly HostState[]
  /** Of a store on a server. */
  readonly server: StoreServer | undefined
  readonly notices: Awaited<ReturnType<Notices['numbers']>>
}

interface NumbersDeps {
  readonly store: Pick<Store, 'counts' | 'listHosts' | 'storeServer'>
  readonly steady: Pick<SteadyClock, 'now'>
  readonly activities: ActivityBoard
  readonly agentRequests: Pick<AgentRequests, 'waiting'>
  readonly notices: Pick<Notices, 'numbers'>
}

export function createNumbers({ store, steady, activities, agentRequests, notices }: NumbersDeps) {
  return async (): Promise<Numbers> => {
    const asked = [
      ...([store.counts(), activities(), agentRequests.waiting()] as const),
      ...([notices.numbers(), store.listHosts(), store.storeServer()] as const),
    ] as const
    const [counts, seen, decisions, numbers, all, server] = await Promise.all(asked)
    const stateOf = (host: Host) => hostState(host, steady.now())
    const hosts = all.filter((host) => !isDoor(host)).map(stateOf)
    const doors = all.filter(isDoor).map(stateOf)
    return { counts, activities: seen, decisions, notices: numbers, hosts, doors, server }
  }
}
