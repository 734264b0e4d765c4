import type { Decision } from '../../domain/decision.ts'
import type { Source } from '../../domain/delivery.ts'
import { type GrantState, stateWord } from '../../domain/grant.ts'
import type { Hook } from '../../domain/hook.ts'
import type { DoorStore } from '../../domain/ports.ts'
import type { Activities } from '../../manage/activity.ts'
import { iso } from '../../manage/views.ts'
import type { PageView } from './templates.ts'

/** One page, ready to be rendered: its template and what stands in it. */
export interface Page {
  readonly template: string
  readonly title: string
  /** The item of the navigation that the page belongs to. */
  readonly section: Section
  readonly view: PageView
  /** The address whose changes the page follows. */
  readonly live?: string
  /** What stands in it when a person opens it, and never makes it another page: what changes all the time follows by itself. */
  readonly atOnce?: () => Promise<PageView>
}

export type Section = 'deliveries' | 'channels' | 'sessions' | 'hooks' | 'settings'

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
    | 'listPauses'
    | 'commits'
    | 'history'
  >
  /** What every agent does now. */
  readonly activities: () => Promise<Activities>
  /** What agents ask of people, newest first. */
  readonly decisions: () => Promise<readonly Decision[]>
  /** Unix milliseconds. */
  readonly now: () => number
  /** The hooks as configured now. */
  readonly hooks: () => Hooks
}

export interface Hooks {
  readonly enabled: boolean
  readonly hooks: readonly Hook[]
  /** Default sessions by action. */
  readonly sessions: { readonly wake: string; readonly agent: string }
}

/** How a state looks: its colour, and the shape of its mark. `waiting` is for a person. */
export type Tone = 'taken' | 'failed' | 'waiting' | 'queued' | 'retrying' | 'plain'

const tones: Readonly<Record<string, Tone>> = {
  DELIVERED: 'taken',
  FAILED: 'failed',
  RETRY: 'retrying',
  PENDING: 'queued',
  live: 'taken',
  offline: 'queued',
  paused: 'waiting',
  blocked: 'waiting',
  busy: 'queued',
  idle: 'taken',
  ended: 'plain',
  there: 'taken',
  away: 'queued',
}

export const toneOf = (state: string): Tone => tones[state] ?? 'plain'

/** A state (`live`, `used up`) as people see it everywhere; those of deliveries are `stateWords`. */
export const shownState = (state: string): string => state.charAt(0).toUpperCase() + state.slice(1)

/** A grant that is live opens something; sessions are live. */
export const shownGrantState = (state: GrantState): string =>
  shownState(state === 'live' ? 'open' : stateWord(state))

/** `2026-11-21 09:15:03 UTC` of an ISO time: what stands there until a script shows the reader's own time. */
export const shortTime = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`

export const shortTimeOrNull = (iso: string | null): string | null => (iso === null ? null : shortTime(iso))

/** A moment (Unix milliseconds) as a `time` element shows it. */
export const timeView = (at: number) => ({ at: iso(at), shown: shortTime(iso(at)) })

/** A number for people: `12,345`. */
export const grouped = (n: number): string => n.toLocaleString('en')

/** The grant or hook of a delivery's source; null for what the operator sent. A wait goes by its grant. */
export function nameOf(source: Source): string | null {
  if (source.kind === 'hook') return source.hook
  return source.kind === 'admin' ? null : source.grant
}

/** Characters of a payload that a page shows; the whole of it is for programs: `GET /api/deliveries/{id}`. */
export const longestPayload = 100_000

export function shortened(text: string, most: number): string {
  const characters = [...text.slice(0, most * 2 + 2)]
  return characters.length > most ? `${characters.slice(0, most).join('')}…` : text
}
