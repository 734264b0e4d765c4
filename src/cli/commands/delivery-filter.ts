import type { DeliveryState } from '../../domain/delivery.ts'
import { Failure } from '../../domain/error.ts'
import { builtInHooks } from '../../domain/hook.ts'
import { suggestion } from '../../domain/nearest.ts'
import type { DoorStore } from '../../domain/ports.ts'
import { parseSessionId, type SessionId } from '../../domain/session.ts'
import type { DeliverySelection } from '../../manage/bulk.ts'
import { findGrant } from '../../manage/find-grant.ts'
import { knownSession } from '../../manage/find-session.ts'
import { moment, stateNamed } from '../arguments.ts'
import type { Call, Flag } from '../command.ts'

const states: readonly DeliveryState[] = ['PENDING', 'RETRY', 'DELIVERED', 'FAILED']

/** What narrows a list of deliveries. */
export const filterFlags: readonly Flag[] = [
  { name: 'state', value: 'STATE', complete: states, summary: 'PENDING, RETRY, DELIVERED or FAILED' },
  { name: 'session', value: 'id', complete: 'sessions', summary: 'only those for this session' },
  { name: 'hook', value: 'NAME', complete: 'hooks', summary: 'only those that came through this hook' },
  { name: 'grant', value: 'grant-id', summary: 'only those of this grant; a unique beginning is enough' },
  { name: 'text', value: 'TEXT', summary: 'only those with it in their message, payload or answer' },
  { name: 'since', value: 'TIME', summary: 'only those received since: 2h ago, or a date' },
  { name: 'until', value: 'TIME', summary: 'only those received before: 2h ago, or a date' },
]

/** The filter that the flags ask for. Throws `usage`, and the refusals of an unknown grant. */
export async function filterOf(
  call: Call,
  store: Pick<DoorStore, 'listGrants' | 'findSession' | 'listSessions' | 'listDeliveries'>,
): Promise<DeliverySelection> {
  const { flags, io } = call
  const { state, session, hook, grant, since, until } = flags.pick(
    ...(['state', 'session', 'hook', 'grant', 'since', 'until'] as const),
  )
  return {
    ...flags.pick('text'),
    ...(hook !== undefined && { hook: await hookWithDeliveries(call, store, hook) }),
    ...(state !== undefined && { state: stateNamed(state, states) }),
    ...(since !== undefined && { receivedSince: moment(since, '--since', io.now()) }),
    ...(until !== undefined && { receivedUntil: moment(until, '--until', io.now()) }),
    ...(session !== undefined && { session: await sessionWithDeliveries(store, session) }),
    ...(grant !== undefined && { grant: (await findGrant(store, grant)).id }),
  }
}

/** Hooks may hold messages for a session that was never there. */
async function sessionWithDeliveries(
  store: Pick<DoorStore, 'findSession' | 'listSessions' | 'listDeliveries'>,
  text: string,
): Promise<SessionId> {
  const session = parseSessionId(text)
  if ((await store.listDeliveries({ session, limit: 1 })).length === 0) await knownSession(store, session)
  return session
}

/** A hook may have left the configuration since. */
async function hookWithDeliveries(
  call: Call,
  store: Pick<DoorStore, 'listDeliveries'>,
  hook: string,
): Promise<string> {
  if ((await store.listDeliveries({ hook, limit: 1 })).length === 0) await requireKnownHook(call, hook)
  return hook
}

/** Throws `not_found` with the nearest name; a configuration that is broken says nothing. */
export async function requireKnownHook({ io, home }: Call, hook: string): Promise<void> {
  const configured = await io.hooks(home).then(
    (tools) => tools.list(),
    () => undefined,
  )
  const known = [...builtInHooks, ...(configured ?? []).map(({ name }) => name)]
  if (configured && !known.includes(hook))
    throw new Failure('not_found', `There is no hook "${hook}". ${suggestion(hook, known)}`)
}
