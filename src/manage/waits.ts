import type { Source } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import type { Grant } from '../domain/grant.ts'
import type { Clock, DoorStore, Tokens } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'
import {
  checkTerms,
  isWaitId,
  type Wait,
  type WaitLimits,
  type WaitTerms,
  waitIdBytes,
  waitIdOf,
} from '../domain/wait.ts'
import { newGrantId, tokenOf } from './grants.ts'
import { webhookUrl } from './urls.ts'

export interface WaitDeps {
  readonly store: Pick<DoorStore, 'openWait' | 'findGrant'>
  readonly tokens: Pick<Tokens, 'mint'>
  readonly clock: Pick<Clock, 'now' | 'bytes'>
  readonly limits: WaitLimits
  /** What URLs of grants begin with. */
  readonly baseUrl: string
}

export interface NewWait extends WaitTerms {
  readonly ttlSeconds?: number | undefined
}

export interface OpenedWait {
  readonly wait: Wait
  /** Its whole key. Asked for once more under the same key it is the same. */
  readonly url: string
  readonly isNew: boolean
}

const [shortestSeconds, usualSeconds] = [30, 3600]

/**
 * Opens a wait of that opening of a session: whoever posts to its URL first wakes the session. Throws `usage` for terms or a time
 * that cannot be, and what `DoorStore.openWait` throws.
 */
export async function openWait(
  deps: WaitDeps,
  session: Pick<Session, 'id' | 'generation'>,
  { ttlSeconds, ...wanted }: NewWait,
): Promise<OpenedWait> {
  const { store, tokens, clock, limits, baseUrl } = deps
  const terms = checkTerms(wanted)
  const ttlMs = checkTtl(ttlSeconds, limits) * 1000
  const grant = draftGrant(clock, session, terms, ttlMs)
  // Before it is stored: without a key to sign with nothing is left behind.
  const token = await tokenOf(tokens, grant)
  const { wait, isNew } = await store.openWait(
    { id: waitIdOf(clock.bytes(waitIdBytes)), grant, terms, ttlMs },
    limits.openWaits,
  )
  return { wait, isNew, url: webhookUrl(baseUrl, isNew ? token : await tokenAgain(deps, wait)) }
}

function checkTtl(seconds: number | undefined, { waitSeconds }: WaitLimits): number {
  if (seconds === undefined) return Math.min(usualSeconds, waitSeconds)
  if (Number.isInteger(seconds) && seconds >= shortestSeconds && seconds <= waitSeconds) return seconds
  throw new Failure('usage', `A wait stands open for ${shortestSeconds} to ${waitSeconds} seconds.`)
}

function draftGrant(
  clock: WaitDeps['clock'],
  { id: session, generation }: Pick<Session, 'id' | 'generation'>,
  { what }: WaitTerms,
  ttlMs: number,
): Grant {
  const createdAt = clock.now()
  return {
    ...{ session, generation },
    id: newGrantId(clock),
    verb: 'send_input',
    label: `wait: ${what}`,
    ...{ createdAt, expiresAt: createdAt + ttlMs },
    ...{ uses: 0, maxUses: 1 },
  }
}

/** A token follows from its grant: signing is not random. */
async function tokenAgain({ store, tokens }: WaitDeps, wait: Wait): Promise<string> {
  const grant = await store.findGrant(wait.grant)
  if (!grant) throw new Failure('internal', 'The grant of the wait is gone.')
  return tokenOf(tokens, grant)
}

/** Cancels it by hand: its agent is not woken. One that is closed stays as it is. Throws `not_found`. */
export async function cancelWait(store: Pick<DoorStore, 'cancelWait'>, id: string): Promise<Wait> {
  const wait = isWaitId(id) ? await store.cancelWait(id) : undefined
  if (!wait) throw new Failure('not_found', 'There is no such wait.')
  return wait
}

/** Whether what came from there came by the URL of a wait. */
export const answersWait = async (store: Pick<DoorStore, 'findWait'>, source: Source): Promise<boolean> =>
  source.kind === 'grant' && (await store.findWait({ grant: source.grant })) !== undefined
