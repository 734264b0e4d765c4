import type { Delivery } from '../domain/delivery.ts'
import type { DeliveryFilter } from '../domain/delivery-filter.ts'
import { type Grant, isExpired } from '../domain/grant.ts'
import { builtInHooks } from '../domain/hook.ts'
import { type PauseTarget, pausedSince, pauseOfHook, pauseOfSession } from '../domain/pause.ts'
import { isClosed, type Session } from '../domain/session.ts'
import type { Io, LocalHome } from './context.ts'
import { withStored } from './stored.ts'

/** A value that the shell may complete. */
export interface Candidate {
  readonly text: string
  readonly summary: string
}

/** Fixed values, or a list that is read from the home; empty where there is no database. */
export const listCandidates = (
  values: readonly string[] | ListName,
  io: Io,
  home: string,
): Promise<readonly Candidate[]> =>
  typeof values === 'string'
    ? lists[values](io, home)
    : Promise.resolve(values.map((text) => ({ text, summary: '' })))

type List = (io: Io, home: string) => Promise<readonly Candidate[]>

const stored =
  (read: (home: LocalHome) => Promise<readonly Candidate[]>): List =>
  (io, home) =>
    withStored({ io, home }, [], read)

const sessions = (wanted: (session: Session) => boolean): List =>
  stored(async ({ store }) =>
    (await store.listSessions())
      .filter(wanted)
      .map(({ id, driver, state }) => ({ text: id, summary: `${driver}, ${state}` })),
  )

const grants = (wanted: (grant: Grant, now: number) => boolean): List =>
  stored(async ({ store, clock }) =>
    (await store.listGrants({}))
      .filter((grant) => wanted(grant, clock.now()))
      .map(({ id, session, hook, label }) => ({
        text: id,
        summary: [session ?? `hook ${hook}`, label].filter((part) => part !== undefined).join(', '),
      })),
  )

const newest = 100

const deliveries = (filter: Omit<DeliveryFilter, 'limit'>): List =>
  stored(async ({ store }) =>
    (await store.listDeliveries({ ...filter, limit: newest })).map(deliveryCandidate),
  )

const deliveryCandidate = ({ id, state, session, message }: Delivery): Candidate => ({
  text: id,
  summary: `${state}, ${session}: ${message}`,
})

/** What can be paused, or what is. */
const pauses =
  (wanted: 'pausable' | 'paused'): List =>
  async (io, home) => {
    const isWanted = (since: unknown) => wanted === 'pausable' || (since !== undefined && since !== null)
    const hookNames = [
      ...builtInHooks,
      ...(await (await io.hooks(home)).list().catch(() => [])).map(({ name }) => name),
    ]
    const read = stored(async ({ store, clock }) => {
      const held = await store.listPauses()
      const shared = (target: PauseTarget) =>
        isWanted(pausedSince(held, target)) ? [{ text: target, summary: '' }] : []
      const grants = (await store.listGrants({})).filter(
        (grant) => isOpenGrant(grant, clock.now()) && isWanted(grant.pausedAt),
      )
      return [
        ...(await store.listSessions()).flatMap(({ id }) => shared(pauseOfSession(id))),
        ...hookNames.flatMap((name) => shared(pauseOfHook(name))),
        ...grants.map(({ id, label = '' }) => ({ text: `grant:${id}`, summary: label })),
      ]
    })
    return read(io, home)
  }

const isOpenGrant = (grant: Grant, now: number): boolean =>
  grant.revokedAt === undefined && !isExpired(grant, now)

/** The lists that flags and arguments of commands name. */
const lists = {
  sessions: sessions(() => true),
  openSessions: sessions((session) => !isClosed(session)),
  inboxes: async (io: Io, home: string) => {
    const kinds = await io.drivers()
    return sessions((one) => !isClosed(one) && kinds.get(one.driver)?.delivery === 'pull')(io, home)
  },
  terminals: sessions((session) => !isClosed(session) && session.driver === 'pty'),
  grants: grants(() => true),
  openGrants: grants(isOpenGrant),
  pausable: pauses('pausable'),
  paused: pauses('paused'),
  deliveries: deliveries({}),
  openDecisions: stored(async ({ store }) =>
    (await store.listDecisions({ open: true, limit: newest })).map(({ id, session, request }) => ({
      text: id,
      summary: `${session}: ${request.title}`,
    })),
  ),
  failedDeliveries: deliveries({ state: 'FAILED' }),
  hookDeliveries: stored(async ({ store }) =>
    (await store.listDeliveries({ limit: newest }))
      .filter(({ source }) => source.kind === 'hook')
      .map(deliveryCandidate),
  ),
  unfinishedDeliveries: deliveries({ unfinished: true }),
  openHosts: stored(async ({ store }) =>
    (await store.listHosts())
      .filter(({ revokedAt }) => revokedAt === undefined)
      .map(({ name }) => ({ text: name, summary: '' })),
  ),
  hooks: async (io: Io, home: string) =>
    (await (await io.hooks(home)).list()).map(({ name, path }) => ({ text: name, summary: path })),
  drivers: async (io: Io) =>
    [...(await io.drivers()).values()].map(({ kind, summary }) => ({ text: kind, summary })),
}

export type ListName = keyof typeof lists
