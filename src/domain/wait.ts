import type { DeliveryId } from './delivery.ts'
import { base62 } from './digits.ts'
import { Failure } from './error.ts'
import type { Grant, GrantId } from './grant.ts'
import { clean } from './message.ts'
import type { SessionId } from './session.ts'

export type WaitId = string & { readonly brand: 'WaitId' }

/** `armed` until the first of three: a knock at its URL, its end, or the end of the opening of the session that asked for it. */
export type WaitState = 'armed' | 'answered' | 'expired' | 'cancelled'

/** Which bodies its URL takes: JSON of any shape, a message in words, or either. */
export type WaitAccept = 'any' | 'text' | 'json'
export const waitAccepts: readonly WaitAccept[] = ['any', 'text', 'json']

/** What a session waits for: a grant of one use, and what its agent is told when somebody uses it, or nobody does. */
export interface Wait extends WaitTerms {
  readonly id: WaitId
  readonly grant: GrantId
  readonly session: SessionId
  /** The opening of the session that asked. */
  readonly generation: string
  readonly state: WaitState
  /** Unix milliseconds, as those of deliveries are. */
  readonly createdAt: number
  readonly expiresAt: number
  readonly closedAt?: number
  /** The delivery that answered it, or that tells of its end. */
  readonly delivery?: DeliveryId
  /** Rises with every change of any wait. */
  readonly changed: number
}

/** What the agent says of its wait. */
export interface WaitTerms {
  /** One line. */
  readonly what: string
  /** What it means to do once it is answered. */
  readonly plan?: string
  /** What it means to do when nobody answers. */
  readonly orElse?: string
  readonly accept: WaitAccept
  /** The agent's own name for it: asking again under the same name makes no second one. */
  readonly key?: string
}

/** What the configuration says of waits. */
export interface WaitLimits {
  /** Open waits of one session; 0 for no limit. */
  readonly openWaits: number
  /** Longest time that one stands open. Seconds. */
  readonly waitSeconds: number
}

/** Whether the grant may be that of a wait, which is for one opening of a session as few are that take messages. */
export const isOfWait = ({ generation, verb }: Pick<Grant, 'generation' | 'verb'>): boolean =>
  generation !== undefined && verb === 'send_input'

const [longestWhat, longestPlan, longestKey] = [200, 500, 64]

/** The terms as they are kept: cleaned, within bounds. Throws `usage`. */
export function checkTerms(terms: WaitTerms): WaitTerms {
  const what = clean(terms.what).replace(/\s+/g, ' ').trim()
  if (what === '') throw new Failure('usage', '"what" says what is awaited; it must not be blank.')
  bounded(what, 'what', longestWhat)
  const plan = planOf(terms.plan, 'then')
  const orElse = planOf(terms.orElse, 'orElse')
  const key = terms.key ? bounded(terms.key, 'key', longestKey) : undefined
  return {
    what,
    accept: terms.accept,
    ...(plan !== undefined && { plan }),
    ...(orElse !== undefined && { orElse }),
    ...(key !== undefined && { key }),
  }
}

function planOf(text: string | undefined, name: string): string | undefined {
  const plan = clean(text ?? '').trim()
  return plan === '' ? undefined : bounded(plan, name, longestPlan)
}

function bounded(text: string, name: string, most: number): string {
  if ([...text].length > most) throw new Failure('usage', `"${name}" has at most ${most} characters.`)
  return text
}

/** Random bytes that one id takes. */
export const waitIdBytes = 12

/** `w_` and 12 base62 characters. */
export const waitIdOf = (random: Uint8Array): WaitId =>
  `w_${Array.from(random.subarray(0, waitIdBytes), (byte) => base62[byte % base62.length]).join('')}` as WaitId

export const isWaitId = (text: string): text is WaitId => /^w_[0-9A-Za-z]{12}$/.test(text)
