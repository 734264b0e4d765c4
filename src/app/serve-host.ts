import type { Config } from '../config/load.ts'
import type { Delivery, DeliveryId } from '../domain/delivery.ts'
import type { Driver } from '../domain/driver.ts'
import type { Home } from '../domain/home.ts'
import type { HostName } from '../domain/host.ts'
import type { Clock, Log } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'
import { abilitiesOf } from '../link/ability.ts'
import type { DoorClient } from '../link/client.ts'
import type { Attached, DoorTime } from '../link/hello.ts'
import { asStore, linkStore, linkTokens } from '../link/link-store.ts'
import { postSoon } from '../link/post-soon.ts'
import { createRequestServer } from '../link/serve-requests.ts'
import type { Claimed, Taken } from '../link/wire.ts'
import { openDeclared } from '../manage/declared.ts'
import { renewSelves } from '../manage/own-session.ts'
import { pause } from '../wait.ts'
import { createHeard, followClock } from './door-clock.ts'
import { atTheDoor, type JoinedDoor } from './joined-door.ts'
import { createLasting } from './lasting.ts'
import { askerRuns } from './maintenance.ts'
import { createPipeline } from './pipeline.ts'
import { repeating } from './repeating.ts'
import { createSkills } from './session-skills.ts'
import { takenFields } from './taken-watch.ts'

interface ServeHostDeps {
  readonly home: Home
  readonly userHome: string
  readonly config: () => Config
  readonly clock: Clock
  readonly log: Log
  readonly client: DoorClient
  readonly joined: JoinedDoor
  readonly host: HostName
  readonly attached: Attached
  readonly drivers: ReadonlyMap<string, Driver>
}

const renewMs = 3000
/** Who could not say so for so long starts nothing new: the door may give its sessions to another. Milliseconds. */
const unheardMs = 7000
/** Who is heard at the first try says so more often. Milliseconds. */
const soonMs = renewMs + 1500
const waitMs = 25_000
/** Beyond what the door waits for itself. */
const patienceMs = 10_000
const claimLimit = 64
const maxInFlight = 512
const againMs = 500
const capabilitiesMs = 5000
const lookMs = 15_000

/**
 * The agents of this machine for as long as `stopping` lets: their sessions and messages lie at the door. Throws `unauthorized` when
 * its token opens nothing any more, or another process serves for this host.
 */
export async function serveHost(deps: ServeHostDeps, stopping: AbortSignal): Promise<void> {
  const { client, log } = deps
  const { epoch, time } = deps.attached
  const doorClock = followClock(deps.clock, time)
  const over = new AbortController()
  const ending = AbortSignal.any([stopping, over.signal])
  let lost: unknown
  const giveUp = (thrown: unknown) => {
    lost ??= thrown
    over.abort()
  }
  const holding = new Map<DeliveryId, Delivery>()
  const link = linkStore({ client, epoch, persist: over.signal })
  const store = asStore(
    {
      ...link,
      settleDelivery: async (id, ...rest) => {
        await link.settleDelivery(id, ...rest)
        holding.delete(id)
      },
    },
    () => atTheDoor(deps.joined),
  )
  const config = () => ({ ...deps.config(), notify: [] })
  const { clock, steady } = doorClock
  const tokens = linkTokens(link)
  const pipeline = createPipeline(
    { ...deps, ...{ config, store, tokens, clock, steady } },
    { draining: () => ending.aborted, base: () => undefined, doors: { host: deps.host } },
  )
  const { worker, connections, agentRequests } = pipeline
  /** When the claim that waits was sent. */
  let claimedAt = Number.POSITIVE_INFINITY
  let own: readonly Session[] = []
  /** What was this host's and is so no more: whether that was taken the door says. */
  let gone: readonly Session[] = []
  const look = async () => {
    const before = [...gone, ...own]
    own = await store.listSessions()
    gone = before.filter(({ id }) => !own.some((one) => one.id === id))
    await connections.reconcile(own)
    await agentRequests.follow()
  }
  const requests = createRequestServer({
    findSession: async (id) => own.find((session) => session.id === id) ?? store.findSession(id),
    connect: connections.to,
    skills: createSkills({ ...deps, config }, connections.to),
    answer: async (answer) => (await client.post('answer', answer)) === true,
  })
  const heard = createHeard(deps.clock)
  /** That this host is there, and what can be done with its sessions as they were last looked at. */
  const announce = async () => {
    const asked = heard.begin()
    const lost = gone
    const able = [...abilitiesOf(own, connections.to), ...abilitiesOf(lost, () => undefined)]
    // A door of an earlier version does not tell what was taken.
    const { time, taken = [] } = (await postSoon(client, 'renew', { epoch, able })) as {
      readonly time: DoorTime
      readonly taken?: readonly Taken[]
    }
    doorClock.set(time)
    // What has slept, or was cut off, has connections on which nothing comes any more: a claim would wait there for long.
    if (heard.isLate(soonMs)) client.leave()
    heard.end(asked)
    for (const one of taken)
      if (lost.some(({ id }) => id === one.session))
        log('warn', 'session.taken', takenFields(one.session, one.host))
    gone = gone.filter((one) => !lost.includes(one))
  }
  const renew = async () => {
    await announce()
    await look()
  }
  const lookAndAnnounce = async () => {
    await look()
    await announce()
  }
  /** A claim that this process lets go of itself says nothing of the door. */
  const unlessEnding = (claimed: Promise<number>) =>
    claimed.catch((thrown: unknown) => {
      if (!ending.aborted) throw thrown
    })
  const claim = async (forMs: number) => {
    if (heard.isLate(unheardMs)) await renew()
    const free = Math.min(claimLimit, maxInFlight - holding.size)
    const claimed = (await client.post(
      'claim',
      { epoch, limit: free, waitMs: forMs, holding: [...holding.keys()] },
      { withinMs: forMs + patienceMs, signal: ending },
    )) as Claimed
    if (claimed.changed) await lookAndAnnounce()
    for (const request of claimed.requests) requests.serve(request)
    // What is not begun now stays leased to this host, and comes again with the next claim.
    if (heard.isLate(unheardMs)) return 0
    for (const delivery of claimed.deliveries) {
      // How its last attempt went was stored, but the answer is lost: told once more it would free this attempt, too. Not begun, that
      // comes again with a later claim.
      if (holding.has(delivery.id)) continue
      holding.set(delivery.id, delivery)
      worker.start(delivery)
    }
    return claimed.deliveries.length
  }
  /** A claim that waits should have had what another one finds: its connection is dead. */
  const lookForUnheard = async () => {
    if (performance.now() - claimedAt < againMs) return
    if (await unlessEnding(claim(0))) client.leave()
  }
  const lasting = createLasting(giveUp, log)

  await lasting(lookAndAnnounce)()
  const declaring = {
    ...{ store, clock, log, drivers: deps.drivers, cwd: deps.home.root, host: deps.host },
    connect: async (session: Session) => connections.to(session),
  }
  const declare = () => openDeclared(declaring, config().sessions.declared)
  await declare()
  await lasting(() => agentRequests.sweep(askerRuns))()
  const timed = { log, begin: () => () => {} }
  const selves = { ...deps, ...{ store, tokens, clock }, paths: deps.home }
  const tasks = [
    repeating(timed, 'renew', renewMs, async () => {
      // A door that is back is to be heard at once.
      while (!(await lasting(renew)()) && !ending.aborted);
      await lasting(lookForUnheard)()
    }),
    repeating(
      timed,
      'capabilities',
      capabilitiesMs,
      lasting(() => renewSelves(selves)),
    ),
    repeating(
      timed,
      'decisions',
      capabilitiesMs,
      lasting(() => agentRequests.sweep(askerRuns)),
    ),
    repeating(
      timed,
      'look',
      lookMs,
      lasting(async () => void (await pipeline.activities())),
    ),
    repeating(timed, 'declare', lookMs, lasting(declare)),
  ]
  while (!ending.aborted) {
    const before = performance.now()
    claimedAt = before
    await lasting(() => unlessEnding(claim(waitMs)))()
    if (performance.now() - before < againMs / 10) await pause(againMs / 10, ending)
  }
  log('info', 'host.stopping')
  pipeline.startNoMore()
  const drainMs = deps.config().server.drainSeconds * 1000
  // A door that is away may never hear how the last attempts went: it shows them as unknown.
  const unheard = setTimeout(() => over.abort(), drainMs + unheardMs)
  await worker.drain(drainMs)
  clearTimeout(unheard)
  over.abort()
  requests.close()
  await Promise.all(tasks.map((task) => task.stop()))
  await pipeline.refusals.close()
  await pipeline.notices.close()
  await connections.closeAll()
  await agentRequests.idle()
  if (lost !== undefined) throw lost
}
