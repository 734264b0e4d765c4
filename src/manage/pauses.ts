import { type Code, Failure } from '../domain/error.ts'
import { builtInHooks } from '../domain/hook.ts'
import { nearest, suggestion } from '../domain/nearest.ts'
import { type PauseTarget, pausedSince, pauseOfHook, pauseOfSession } from '../domain/pause.ts'
import type { Clock, DoorStore } from '../domain/ports.ts'
import { type SessionId, unknownSession } from '../domain/session.ts'
import { findGrant, requireGoing } from './find-grant.ts'
import { iso } from './views.ts'

export interface PauseDeps {
  readonly store: Pick<
    DoorStore,
    'listGrants' | 'pauseGrant' | 'findSession' | 'listSessions' | 'pause' | 'listPauses'
  >
  readonly clock: Pick<Clock, 'now'>
  /** Names of the configured hooks. Throws `unsupported` where all hooks are another door's. */
  readonly hooks: () => readonly string[]
}

const kinds = ['grant', 'hook', 'session'] as const
type Kind = (typeof kinds)[number]

/** Something that can be paused, with its whole name. */
interface Pausable {
  readonly kind: Kind
  readonly name: string
}

/** What is paused or not; programs see this. */
export interface PauseView {
  /** `grant:<id>`, `hook:<name>` or `session:<id>`. */
  readonly target: string
  readonly paused: boolean
  /** ISO 8601 in UTC, or null. */
  readonly since: string | null
}

/**
 * Closes a grant, or holds what comes to a hook or for a session, until `resume`. `name` says which kind (`hook:github`), or is bare
 * where only one fits. A second time changes nothing. Throws `usage`, `not_found`, `session_missing`, `ambiguous`, and `grant_over` for a grant
 * that is revoked, expired or used up: a pause would promise that it can be resumed.
 */
export const pause = (deps: PauseDeps, name: string): Promise<PauseView> => set(deps, name, deps.clock.now())

/** Ends a pause; throws as `pause` does. */
export const resume = (deps: PauseDeps, name: string): Promise<PauseView> => set(deps, name, undefined)

async function set(deps: PauseDeps, text: string, at: number | undefined): Promise<PauseView> {
  const { kind, name } = await find(deps, text)
  const since = await (kind === 'grant'
    ? setGrant(deps, name, at)
    : setTarget(deps, targetOf(kind, name), at))
  return {
    target: `${kind}:${name}`,
    paused: since !== undefined,
    since: since === undefined ? null : iso(since),
  }
}

const targetOf = (kind: Exclude<Kind, 'grant'>, name: string): PauseTarget =>
  kind === 'hook' ? pauseOfHook(name) : pauseOfSession(name as SessionId)

async function setGrant(
  { store, clock }: PauseDeps,
  id: string,
  at: number | undefined,
): Promise<number | undefined> {
  const grant = requireGoing(await findGrant(store, id), clock.now())
  return (await store.pauseGrant(grant.id, at))?.pausedAt
}

async function setTarget(
  { store }: PauseDeps,
  target: PauseTarget,
  at: number | undefined,
): Promise<number | undefined> {
  await store.pause(target, at)
  return pausedSince(await store.listPauses(), target)
}

async function find(deps: PauseDeps, text: string): Promise<Pausable> {
  const colon = text.indexOf(':')
  if (colon < 0) return findBare(deps, text)
  const kind = text.slice(0, colon)
  if (!isKind(kind))
    throw new Failure(
      'usage',
      `What can be paused is grant:<id>, hook:<name> or session:<id>. ${suggestion(kind, kinds)}`,
    )
  return finders[kind](deps, text.slice(colon + 1))
}

const isKind = (text: string): text is Kind => (kinds as readonly string[]).includes(text)

const finders: Readonly<Record<Kind, (deps: PauseDeps, name: string) => Promise<Pausable>>> = {
  grant: async ({ store }, name) => ({ kind: 'grant', name: (await findGrant(store, name)).id }),
  hook: async (deps, name) => {
    const known = [...builtInHooks, ...deps.hooks()]
    // A paused hook may have left the configuration since.
    const isPaused = pausedSince(await deps.store.listPauses(), pauseOfHook(name)) !== undefined
    if (!known.includes(name) && !isPaused)
      throw new Failure('not_found', `There is no such hook. ${suggestion(name, known)}`)
    return { kind: 'hook', name }
  },
  session: async ({ store }, name) => {
    if (!(await store.findSession(name as SessionId))) throw unknownSession(name, await store.listSessions())
    return { kind: 'session', name }
  },
}

/** The one thing that a bare name fits. Where several grants begin so, a hook or session that is called so is meant. */
async function findBare(deps: PauseDeps, name: string): Promise<Pausable> {
  const results = await Promise.allSettled(kinds.map((kind) => finders[kind](deps, name)))
  const found = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const refusals = results.flatMap((result) =>
    result.status === 'rejected' ? [refusalIn(result.reason)] : [],
  )
  const [first] = found
  if (!first)
    throw refusals.find(({ code }) => code === 'ambiguous') ?? (await nothingCalled(deps, name, refusals))
  if (found.length > 1)
    throw new Failure('ambiguous', `"${name}" fits ${listed(found)}. Say which.`, {
      plain: `That fits ${listed(found)}. Say which.`,
    })
  return first
}

async function nothingCalled(
  { store, hooks }: PauseDeps,
  name: string,
  refusals: readonly Failure[],
): Promise<Failure> {
  const elsewhere = refusals.find(({ code }) => code === 'unsupported')
  const sessions = (await store.listSessions()).map(({ id }) => id)
  const near = nearest(name, [...sessions, ...(elsewhere ? [] : [...builtInHooks, ...hooks()])])
  if (elsewhere && near === undefined) return elsewhere
  const hint = near === undefined ? '' : ` Did you mean ${near}?`
  return new Failure('not_found', `There is no grant, hook or session "${name}".${hint}`, {
    plain: `There is no such grant, hook or session.${hint}`,
  })
}

const listed = (found: readonly Pausable[]): string =>
  found.map(({ kind, name }) => `${kind}:${name}`).join(' and ')

/** Why a name is none of that kind; throws what says nothing of the name. */
function refusalIn(thrown: unknown): Failure {
  if (thrown instanceof Failure && ofTheName.includes(thrown.code)) return thrown
  throw thrown
}

/** `unsupported`: it may be a hook of another door. */
const ofTheName: readonly Code[] = ['usage', 'not_found', 'session_missing', 'ambiguous', 'unsupported']
