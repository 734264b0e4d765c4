import { hexOf } from '../domain/digits.ts'
import type { Connection, Driver } from '../domain/driver.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import { grantState } from '../domain/grant.ts'
import { suggestion } from '../domain/nearest.ts'
import type { Clock, DoorStore, HostLink } from '../domain/ports.ts'
import { sessionOrAnew } from '../domain/read-anew.ts'
import {
  type DriverSettings,
  isClosed,
  isStanding,
  parseSessionId,
  type Session,
  type SessionId,
} from '../domain/session.ts'
import { placeText, type TakenFrom } from '../domain/taken.ts'
import { within } from '../wait.ts'
import { openSessionCalled } from './find-session.ts'
import { readinessOf, type Trial, tryOut } from './trial.ts'

interface OpenSessionDeps {
  readonly store: Pick<DoorStore, 'findSession'> & Pick<HostLink, 'openSession'>
  readonly clock: Pick<Clock, 'now' | 'bytes'>
  /** The connection to an opening of a session; undefined when this build has no such driver. */
  readonly connect: (session: Session) => Promise<Connection | undefined>
}

export interface RegisterDeps extends OpenSessionDeps {
  readonly drivers: ReadonlyMap<string, Driver>
  /** A connection of its own, for one look or a trial: whoever asked for it closes it. */
  readonly connectOnce: OpenSessionDeps['connect']
}

interface Registration {
  readonly id: string
  readonly driver: string
  /** As a person gave them; the driver completes them. */
  readonly settings: DriverSettings
  readonly replace: boolean
  readonly cwd: string
  /** Refuses every kind that reaches or starts a program. */
  readonly inboxesOnly?: boolean
  /** People decide on what its agent asks. */
  readonly decisions?: true
  /** Tries the agent out first; aborting ends that. */
  readonly check?: AbortSignal
}

export interface Opened {
  readonly session: Session
  /** Grants minted earlier that now reach the new session. */
  readonly liveGrants: number
  /** Who had it open until now, where that is another machine or door. */
  readonly takenFrom?: TakenFrom
  /** Why the agent that was replaced could not be ended. */
  readonly trouble?: string
  /** How the trial went, where there was one. */
  readonly trial?: Trial
}

/** The trial failed: nothing was registered. */
export interface Unfit {
  readonly trial: Trial
}

/**
 * Registers what already runs, or how to run it. Throws `usage`, `session_exists`, `session_not_allowed` where nothing but an inbox may
 * be registered, and what the driver refuses.
 */
export async function registerSession(deps: RegisterDeps, wanted: Registration): Promise<Opened | Unfit> {
  const id = parseSessionId(wanted.id)
  const driver = requireDriver(deps.drivers, wanted.driver)
  if (wanted.inboxesOnly && driver.delivery !== 'pull') throw inboxesOnly()
  const settings = await driver.prepare(wanted.settings, { cwd: wanted.cwd })
  const named = {
    ...{ id, driver: driver.kind, settings, generation: newGeneration(deps.clock) },
    ...(wanted.decisions && { decisions: true as const }),
  }
  const replace = wanted.replace || (await hasLostAgent(deps, id))
  const trial = wanted.check && (await trialOf(deps, { ...named, replace }, wanted.check))
  if (trial && !trial.works) return { trial }
  const opened = await openSession(deps, { ...named, replace })
  return { ...opened, ...(trial && { trial }) }
}

const inboxesOnly = (): Failure =>
  new Failure(
    'session_not_allowed',
    'What starts or reaches programs is registered from the machine itself; from elsewhere only inboxes, unless the configuration says sessions.registerFrom: "anywhere".',
  )

/** The agent of a session that still counts as open may have ended since anybody looked. */
async function hasLostAgent({ store, connectOnce }: RegisterDeps, id: SessionId): Promise<boolean> {
  const before = await store.findSession(id)
  if (!before || before.state === 'ended' || isStanding(before)) return false
  return (await readinessOf(connectOnce, before))?.kind === 'ended'
}

async function trialOf(deps: RegisterDeps, wanted: Wanted, signal: AbortSignal): Promise<Trial> {
  const { replace, ...named } = wanted
  await requireFree(deps.store, wanted.id, replace)
  const connection = await deps.connectOnce({ ...named, state: 'live', openedAt: deps.clock.now() })
  if (connection) return tryOut(connection, signal)
  return { works: false, readiness: { kind: 'missing' } }
}

type Wanted = Pick<Session, 'id' | 'driver' | 'settings' | 'generation' | 'decisions'> & {
  readonly replace: boolean
}

/** Opens a session whose settings are complete; the agent it replaces is ended where it is ours. */
export async function openSession(deps: OpenSessionDeps, wanted: Wanted): Promise<Opened> {
  const { replace, ...named } = wanted
  const session: Session = { ...named, state: 'live', openedAt: deps.clock.now() }
  const before = await deps.store.findSession(session.id)
  const opening = await deps.store.openSession(session, { replace })
  const trouble = before && before.state !== 'ended' ? await endAgent(deps, before) : undefined
  return { session, ...opening, ...(trouble !== undefined && { trouble }) }
}

/** Refuses early what `openSession` would refuse, before an agent is started for nothing. */
export async function requireFree(
  store: Pick<DoorStore, 'findSession'>,
  id: SessionId,
  replace: boolean,
): Promise<void> {
  const isFree = (known: Session) => isClosed(known) || isStanding(known)
  const session = replace ? undefined : await sessionOrAnew(store, id, isFree)
  if (!session || isFree(session)) return
  throw new Failure(
    'session_exists',
    `The session "${id}" is ${session.state}${session.host === undefined ? '' : ` ${placeText(session)}`}. End it first, or take its place with --replace.`,
    { plain: `A session of that id is ${session.state}. End it first, or replace it.` },
  )
}

/** Names one opening of a session id, so that nothing of an earlier opening is mistaken for it. */
export const newGeneration = (clock: Pick<Clock, 'bytes'>): string => hexOf(clock.bytes(8))

interface EndSessionDeps {
  readonly store: Pick<
    DoorStore,
    'findSession' | 'listSessions' | 'endSession' | 'failQueued' | 'countEnded' | 'counts'
  >
  readonly clock: Pick<Clock, 'now'>
  readonly connect: OpenSessionDeps['connect']
}

export interface Ended {
  readonly session: SessionId
  /** Messages that waited and now never arrive. */
  readonly failed: number
  /** Messages of hooks that wait until the id is opened again. */
  readonly held: number
  /** Why its agent could not be ended; the session is over all the same. */
  readonly trouble?: string
}

/** Ends a session, with its process where that is ours. Throws `session_missing` or `session_ended`. */
export async function endSession(deps: EndSessionDeps, id: string): Promise<Ended> {
  return end(deps, await openSessionCalled(deps.store, id))
}

/**
 * Cancels the turn that runs, and with it what it asks a person. Throws `session_missing`, `session_ended`, and `unsupported` where
 * the agent is a person's own.
 */
export async function cancelTurn(
  { store, connect }: Pick<EndSessionDeps, 'store' | 'connect'>,
  id: string,
): Promise<TurnCancelled> {
  const session = await openSessionCalled(store, id)
  const cancel = (await connect(session))?.cancelTurn
  if (!cancel)
    throw new Failure('unsupported', 'Only the turn of an agent that Postern runs can be cancelled here.')
  return { session: session.id, cancelled: await cancel() }
}

export interface TurnCancelled {
  readonly session: SessionId
  /** False when no turn ran, or it does not end. */
  readonly cancelled: boolean
}

/** Ends every session that was started or registered; the standing inboxes stay. */
export async function endAllSessions(deps: EndSessionDeps): Promise<readonly Ended[]> {
  const all = await deps.store.listSessions()
  const open = all.filter((session) => session.state !== 'ended' && !isStanding(session))
  return Promise.all(open.map((session) => end(deps, session)))
}

/** How many grants would open this session now. */
export async function countLiveGrants(
  store: Pick<DoorStore, 'listGrants'>,
  session: SessionId,
  now: number,
): Promise<number> {
  const grants = await store.listGrants({ session })
  return grants.filter((grant) => grantState(grant, now) === 'live').length
}

export function requireDriver(drivers: ReadonlyMap<string, Driver>, kind: string): Driver {
  const driver = drivers.get(kind)
  if (driver) return driver
  const hint = suggestion(kind, [...drivers.keys()].sort())
  throw new Failure('usage', `There is no driver "${kind}". ${hint}`, {
    plain: `There is no such driver. ${hint}`,
  })
}

async function end(deps: EndSessionDeps, session: Session): Promise<Ended> {
  const endedBefore = await deps.store.countEnded(session.id)
  const trouble = await endAgent(deps, session)
  const at = deps.clock.now()
  await deps.store.endSession(session.id, session.generation, { at, why: 'ended by the operator' })
  await deps.store.failQueued(session.id, 'the session was ended by the operator')
  const [ended, held] = await Promise.all([deps.store.countEnded(session.id), queueOf(deps, session.id)])
  // The session's worker, or another process, may have failed some of them first; some of those before may be erased by now.
  const failed = Math.max(0, ended - endedBefore)
  return { session: session.id, failed, held, ...(trouble !== undefined && { trouble }) }
}

const queueOf = async ({ store }: EndSessionDeps, session: SessionId): Promise<number> =>
  (await store.counts()).queues.get(session) ?? 0

const endDeadlineMs = 15_000

/** What stood in the way, or undefined. An agent that does not die must not keep its session alive. */
async function endAgent(
  deps: Pick<OpenSessionDeps, 'connect'>,
  session: Session,
): Promise<string | undefined> {
  try {
    const connection = await deps.connect(session)
    if (!connection) return undefined
    const ended = await within(
      connection.end().finally(() => connection.close()),
      endDeadlineMs,
    )
    return ended ? undefined : `the agent did not end within ${endDeadlineMs / 1000} s`
  } catch (thrown) {
    return reasonOf(thrown)
  }
}
