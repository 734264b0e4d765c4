import { failAwaited } from '../delivery/session-end.ts'
import { notifyStored } from '../delivery/waiters.ts'
import type { HostName } from '../domain/host.ts'
import type { DoorStore, HostLink, Log, StoreMaintenance } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'
import type { BeginWork } from '../http/loop-watch.ts'
import type { Listener } from '../store/postgres/listen.ts'
import type { Pipeline } from './pipeline.ts'
import { type Repeated, repeating } from './repeating.ts'
import { createTakenWatch } from './taken-watch.ts'

interface FollowingDeps {
  readonly store: Pick<DoorStore, 'listSessions' | 'findDelivery' | 'counts'> &
    Pick<HostLink, 'failQueued'> &
    Pick<StoreMaintenance, 'changedElsewhere'>
  readonly log: Log
  readonly begin: BeginWork
  readonly pipeline: Pick<
    Pipeline,
    'connections' | 'worker' | 'waiters' | 'agentRequests' | 'hosts' | 'doorAgents'
  >
  /** Of a store in PostgreSQL. */
  readonly listener?: Listener
  readonly doors: { readonly host?: HostName }
}

/** How often another process's writes are looked for; `changedElsewhere` takes microseconds. */
const followMs = 50
/** Of a database that is asked over a network, while it tells by itself, and while it does not. */
const [heardFollowMs, deafFollowMs] = [1000, 200]
/** Least pause between two looks at such a one: many commits in a row are looked at together. */
const pauseMs = 50

/** What other processes write, and what other doors of the store want of this one. */
export function following(deps: FollowingDeps): readonly Repeated[] {
  const { listener, pipeline } = deps
  let hasHeard = false
  const changed = async () => {
    const isKnown = hasHeard
    hasHeard = false
    return isKnown || (await deps.store.changedElsewhere())
  }
  const follow = createFollowOthers(changed, createTakenWatch(deps.doors.host, deps.log))
  if (!listener) return [repeating(deps, 'follow', followMs, follow)]
  const every = () => (listener.isListening() ? heardFollowMs : deafFollowMs)
  const others = repeating(deps, 'follow', every, follow, pauseMs)
  listener.whenHeard(() => {
    hasHeard = true
    others.soon()
  })
  const relayed = repeating(deps, 'relay', every, lookForRelayed)
  // That the database is away is told by the one above.
  listener.whenRelayed((to) => void pipeline.hosts.look(to).catch(() => {}))
  relayed.soon()
  return [others, relayed]
}

async function lookForRelayed({ store, pipeline }: FollowingDeps): Promise<void> {
  try {
    pipeline.doorAgents.note(await store.listSessions())
    await pipeline.hosts.look()
  } catch {
    // As above.
  }
}

function createFollowOthers(
  changed: () => Promise<boolean>,
  noteTaken: (sessions: readonly Session[]) => void,
): (deps: FollowingDeps) => Promise<void> {
  let seen: string | undefined
  return async function followOthers(deps) {
    const { store, pipeline } = deps
    // What is this machine's own is known from the start on, whoever changes it first.
    if (!(await changed()) && seen !== undefined) return
    const sessions = await store.listSessions()
    noteTaken(sessions)
    await pipeline.connections.reconcile(sessions)
    pipeline.worker.wake()
    // A host answers by saying that it is there: were it told of everything, doors would keep each other's hosts busy for ever.
    const now = JSON.stringify([sessions, await pipeline.agentRequests.waiting()])
    if (now !== seen) pipeline.hosts.changed()
    seen = now
    pipeline.doorAgents.note(sessions)
    await pipeline.agentRequests.follow()
    await releaseCallers(deps, sessions)
    await notifyAwaited(deps)
  }
}

/** Who waits for a session that another process ended need not wait until that has failed the whole queue. */
async function releaseCallers(
  { store, pipeline: { waiters } }: FollowingDeps,
  sessions: readonly Session[],
): Promise<void> {
  for (const { id, state, why } of sessions)
    if (state === 'ended') await failAwaited({ store, waiters }, id, why ?? 'the session ended')
}

/** What was not settled by an attempt of this process is told to who waits for it. */
export const notifyAwaited = ({
  store,
  pipeline: { waiters },
}: Pick<FollowingDeps, 'store'> & { readonly pipeline: Pick<Pipeline, 'waiters'> }): Promise<void> =>
  notifyStored({ store, waiters }, waiters.awaited())
