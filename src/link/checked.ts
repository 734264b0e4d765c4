import type { DeliveryId, DeliveryState, Phase } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import type { HostName } from '../domain/host.ts'
import { isStanding, parseSessionId, type Session, type SessionId } from '../domain/session.ts'
import type { Settlement } from '../domain/settlement.ts'
import type { Ability } from './ability.ts'
import type { ApiRequest, HostAnswer, HostClaim, HostRequest, Passed } from './wire.ts'

// The shapes of what a host sends, looked at once at the door. All of these throw `malformed`.

type Members = Readonly<Record<string, unknown>>

export const members = (value: unknown): Members => {
  if (typeof value === 'object' && value !== null) return value as Members
  throw misfit()
}

const misfit = (): Failure => new Failure('malformed', 'This is no message of a host.')

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= 200

function text(value: unknown): string {
  if (isText(value)) return value
  throw misfit()
}

function whole(value: unknown, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return Math.min(value, most)
  throw misfit()
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw misfit()
}

export const epochIn = (value: unknown): number => whole(members(value).epoch, Number.MAX_SAFE_INTEGER)

const mostClaimed = 64
const longestWaitMs = 25_000

export function checkedClaim(value: unknown): HostClaim {
  const { limit, waitMs, holding } = members(value)
  return {
    limit: whole(limit, mostClaimed),
    waitMs: whole(waitMs, longestWaitMs),
    holding: list(holding).map((id) => text(id) as DeliveryId),
  }
}

export function checkedCall(value: unknown) {
  const { id, epoch, method, args } = members(value)
  return {
    ...{ id: text(id), method: text(method), args: list(args) },
    epoch: epoch === undefined ? undefined : whole(epoch, Number.MAX_SAFE_INTEGER),
  }
}

export function checkedRequest(value: unknown): ApiRequest {
  const { method, path, body } = members(value)
  return { method: text(method), path: text(path), body }
}

export const checkedAbilities = (value: unknown): readonly Ability[] =>
  list(members(value).able).map((one) => {
    const { session, generation, screen, cancel } = members(one)
    return {
      ...{ session: text(session) as SessionId, generation: text(generation) },
      ...{ screen: screen === true, cancel: cancel === true },
    }
  })

/** An opening of a session: of what a host says about it the door looks at no more than this. */
export function checkedOpening(value: unknown): Session {
  const { id, generation, driver, settings, decisions, openedAt } = members(value)
  const opening = {
    ...{ id: parseSessionId(text(id)), generation: word(generation), driver: word(driver) },
    ...{ settings: members(settings), state: 'live' as const },
    openedAt: whole(openedAt, Number.MAX_SAFE_INTEGER),
    ...(decisions === true && { decisions: true as const }),
  }
  if (isStanding(opening)) throw misfit()
  return opening
}

/** A part of a file's name at most. */
function word(value: unknown): string {
  if (typeof value === 'string' && /^[\w-]{1,64}$/.test(value)) return value
  throw misfit()
}

/** How a host finds a session of its own. */
export function checkedMark(value: 'live' | 'offline'): 'live' | 'offline' {
  if (value === 'live' || value === 'offline') return value
  throw misfit()
}

/** What an attempt came to: no state is stored that there is not. */
export function checkedSettlement(value: Settlement): Settlement {
  const { state, phase, events } = members(value)
  if (!deliveryStates.some((known) => known === state) || !phases.some((known) => known === phase))
    throw misfit()
  list(events)
  return value
}

const deliveryStates: readonly DeliveryState[] = ['PENDING', 'RETRY', 'DELIVERED', 'FAILED']
const phases: readonly Phase[] = ['deliver', 'callback']

export function checkedAnswer(given: unknown): HostAnswer {
  const { id, value, more, refusal } = members(given)
  return typeof refusal === 'string'
    ? { id: text(id), refusal: refusal.slice(0, 1000) }
    : { id: text(id), value, more: more === true }
}

/** What another door has passed on; it may be of another version. */
export function checkedPassed(value: unknown): Passed {
  const { request, host, answer } = members(value)
  if (request === undefined) return { host: text(host) as HostName, answer: checkedAnswer(answer) }
  const { id, session, generation, ask } = members(request)
  return {
    request: {
      ...{ id: text(id), session: text(session) as SessionId, generation: text(generation) },
      ask: text(ask) as HostRequest['ask'],
    },
  }
}
