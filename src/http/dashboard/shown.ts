import { causeOf, type Delivery, type Source } from '../../domain/delivery.ts'
import type { Hook } from '../../domain/hook.ts'
import type { DoorStore } from '../../domain/ports.ts'
import type { PageView } from './page.ts'

/** One page, ready to be rendered: its template and what stands in it. */
export interface Shown {
  readonly template: string
  readonly title: string
  /** The entry of the navigation it belongs to. */
  readonly section: Section
  readonly view: PageView
  /** The address whose changes the page follows. */
  readonly live?: string
}

export type Section = 'webhooks' | 'channels' | 'sessions' | 'hooks'

/** What the pages read. */
export interface PageDeps {
  readonly store: Pick<
    DoorStore,
    | 'listGrants'
    | 'findGrant'
    | 'listSessions'
    | 'listDeliveries'
    | 'inspectDelivery'
    | 'counts'
    | 'knocksByHour'
  >
  /** Unix milliseconds. */
  readonly now: () => number
  /** The hooks as configured now. */
  readonly hooks: () => Hooks
}

export interface Hooks {
  readonly enabled: boolean
  readonly hooks: readonly Hook[]
  readonly wakeSession: string
  readonly agentSession: string
}

/** How good the news is: the colour of a state. */
export type Tone = 'good' | 'bad' | 'wait' | 'plain'

const tones: Readonly<Record<string, Tone>> = {
  DELIVERED: 'good',
  FAILED: 'bad',
  RETRY: 'wait',
  PENDING: 'wait',
  live: 'good',
  offline: 'wait',
  ended: 'plain',
}

export const toneOf = (state: string): Tone => tones[state] ?? 'plain'

/** `2026-11-21 09:15:03` of an ISO time. */
export const shortTime = (iso: string): string => iso.slice(0, 19).replace('T', ' ')

export const shortTimeOrNull = (iso: string | null): string | null => (iso === null ? null : shortTime(iso))

/** The grant or hook it came through; null from the keeper's own hand. */
export function nameOf(guard: Source): string | null {
  if (guard.kind === 'hook') return guard.hook
  return guard.kind === 'grant' ? guard.grant : null
}

/** Why it is not further, in a line. */
export function noteOf(delivery: Pick<Delivery, 'failedStep' | 'heldBecause' | 'detail'>): string | null {
  const words = [causeOf(delivery), delivery.detail].filter((word) => word !== undefined && word !== '')
  return words.length === 0 ? null : shortened(words.join(': '), 160)
}

/** Characters of a payload that a page shows; the whole of it is for programs: `GET /api/deliveries/{id}`. */
export const longestPayload = 100_000

export function shortened(text: string, most: number): string {
  const characters = [...text.slice(0, most * 2 + 2)]
  return characters.length > most ? `${characters.slice(0, most).join('')}…` : text
}
