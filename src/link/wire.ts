import type { Delivery, DeliveryId } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import type { HostName } from '../domain/host.ts'
import type { SessionId } from '../domain/session.ts'

// What crosses between a host and its door: JSON, in which maps, bytes and what is undefined have a form of their own.

/** What a door asks of a host about one opening of a session there. */
export interface HostRequest {
  readonly id: string
  readonly session: SessionId
  readonly generation: string
  /** `stop`: the answers to the request of that id are wanted no more. */
  readonly ask: 'state' | 'check' | 'skills' | 'cancel' | 'screen' | 'stop'
}

/** What one door passes on to another. */
export type Passed =
  | { readonly request: HostRequest }
  | { readonly host: HostName; readonly answer: HostAnswer }

/** A request of the API, as a command on a host's machine makes it. */
export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

export interface HostClaim {
  readonly limit: number
  readonly waitMs: number
  /** What it has under way: what is leased to it beside these never reached it. */
  readonly holding: readonly DeliveryId[]
}

export interface Claimed {
  readonly deliveries: readonly Delivery[]
  readonly requests: readonly HostRequest[]
  /** Something about the sessions of this host was changed by others. */
  readonly changed: boolean
}

/** A session of a host that is open elsewhere now; without `host` at the door itself. */
export interface Taken {
  readonly session: SessionId
  readonly host?: HostName
}

/** `more`: others follow. */
export type HostAnswer = { readonly id: string } & (
  | { readonly value: unknown; readonly more: boolean }
  | { readonly refusal: string }
)

export const packed = (value: unknown): string => JSON.stringify({ value: marked(value) })

/** The value that `packed` made a text of. Throws `malformed`. */
export function unpacked(text: string): unknown {
  try {
    const read: unknown = JSON.parse(text)
    if (typeof read === 'object' && read !== null && 'value' in read) return unmarked(read.value)
  } catch {
    // Told below.
  }
  throw new Failure('malformed', 'This is no message of a host or its door.')
}

/** An object of one member with this name stands for what JSON has no form for. */
const mark = '~'

function marked(value: unknown): unknown {
  if (value === undefined) return { [mark]: 'undefined' }
  if (value instanceof Uint8Array) return { [mark]: 'bytes', base64: Buffer.from(value).toString('base64') }
  if (value instanceof Map) return { [mark]: 'map', entries: [...value].map(marked) }
  if (Array.isArray(value)) return value.map(marked)
  if (typeof value !== 'object' || value === null) return value
  const there = Object.entries(value).filter(([, member]) => member !== undefined)
  const members = Object.fromEntries(there.map(([name, member]) => [name, marked(member)]))
  return mark in value ? { [mark]: 'object', members } : members
}

function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarked)
  if (typeof value !== 'object' || value === null) return value
  if (!(mark in value)) return membersOf(value)
  const { [mark]: kind, base64, entries, members } = value as Record<string, unknown>
  if (kind === 'bytes' && typeof base64 === 'string') return new Uint8Array(Buffer.from(base64, 'base64'))
  if (kind === 'map' && Array.isArray(entries))
    return new Map(entries.map((entry) => unmarked(entry) as [unknown, unknown]))
  return kind === 'object' && typeof members === 'object' && members !== null ? membersOf(members) : undefined
}

const membersOf = (value: object): object =>
  Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unmarked(member)]))
