import type { Action, Delivery, Source } from './delivery.ts'
import { Failure } from './error.ts'
import type { Hook, Respond } from './hook.ts'
import type { Address } from './session.ts'
import type { WaitAccept } from './wait.ts'

/** One HTTP request at a capability URL or hook, as far as the use cases need to know it. */
export interface Knock {
  readonly proof: Proof
  /** Unix milliseconds. */
  readonly receivedAt: number
  /** IP address of the client, looked up at the call. */
  readonly peer: () => string
  /** Undefined when the header is absent. */
  readonly header: (name: string) => string | undefined
  /**
   * The body, read once and unpacked where its Content-Encoding says so, or the bytes as they were `sent`; throws `too_large`
   * beyond `maxBytes` (0 for no limit), before and after unpacking. Of a stranger (`unproven`) less is unpacked.
   */
  readonly body: (maxBytes: number, as?: BodyAs) => Promise<Uint8Array>
  /** Curated request headers to keep with the delivery; never credentials. */
  readonly keptHeaders: (form: Form['kind']) => Readonly<Record<string, string>>
}

export type BodyAs = 'sent' | 'unproven'

/** The credential of a knock. */
export type Proof =
  /** A capability token from the path, the Authorization header, or both. */
  | {
      readonly kind: 'token'
      readonly path: string | undefined
      readonly bearer: string | undefined
      readonly method: string
      /** Absolute, as it was sent. */
      readonly url: string
    }
  /** What the scheme of the hook at that path verifies. `url` is absolute, as it was sent. */
  | { readonly kind: 'hook'; readonly path: string; readonly method: string; readonly url: string }

/** What a good proof opens: one session, one action. A hook may speak to one that is not open. */
export interface Admission {
  readonly source: Source
  /** Of the token that was shown, where that has one. */
  readonly serial?: number | undefined
  /** By a grant that is used up: good for nothing but the repeat of its own message. */
  readonly usedUp?: true
  readonly session: Address
  readonly action: Action
  readonly form: Form
  /** Largest body; 0 for no limit. */
  readonly maxBytes: number
  /** The sender's own id of this knock: its idempotency key. */
  readonly key?: string | undefined
}

/** How the body becomes a message. */
type Form =
  /** `{"message", "from"?, "idempotency_key"?}` or bare text. */
  | { readonly kind: 'message' }
  /** What a wait takes: also JSON of any shape. */
  | { readonly kind: 'wait'; readonly accept: WaitAccept }
  /** The same with session, skill, callback and timeout. */
  | { readonly kind: 'turn' }
  /** Another system's payload, rendered by the hook. */
  | { readonly kind: 'hook'; readonly hook: Hook }

/** The result of a knock at the end of its caller's wait. */
export type Receipt =
  /** `replayed`: an idempotent repeat of a delivery that was there already. */
  | {
      readonly kind: 'stored'
      readonly delivery: Delivery
      readonly replayed: boolean
      readonly respond?: Respond
    }
  /** Of no interest to any agent: nothing was stored. */
  | {
      readonly kind: 'ignored'
      readonly why: string
      readonly hook: string
      readonly respond?: Respond
    }
  /** A sender's handshake, answered; nothing was stored. */
  | { readonly kind: 'handshake'; readonly answer: HandshakeAnswer }

export interface HandshakeAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export const wrongMethod = (allow = 'POST'): Failure =>
  new Failure('method_not_allowed', 'Use POST here.', { allow })
