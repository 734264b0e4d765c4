import type { DeliveryEvent, DeliveryId } from './delivery.ts'
import type { Outcome } from './outcome.ts'
import type { Log } from './ports.ts'
import type { DriverSettings, Session } from './session.ts'

/** One kind of session. A driver speaks messages, not bytes, and knows only its own wire. */
export interface Driver {
  readonly kind: string
  readonly summary: string
  /** `pull`: the agent side fetches and acknowledges its messages; nothing is ever pushed to it. */
  readonly delivery: 'push' | 'pull'
  /** Checks settings given by a person and returns them completed. Throws `usage` naming what is wrong. */
  prepare(settings: DriverSettings, place: { readonly cwd: string }): Promise<DriverSettings>
  /** Binds to one opening of a session. Does not wait for the agent; `state` tells. */
  connect(session: Session, tools: DriverTools): Connection
}

/** What the core lends a driver. */
export interface DriverTools {
  /** Directory 0700 for Unix sockets and records of running processes. */
  readonly runDir: string
  readonly now: () => number
  /** Keeps what the driver learned about its session (a resumable id) across restarts. */
  readonly remember: (settings: DriverSettings) => Promise<void>
  readonly log: Log
}

/** One message for one session. */
export interface Outgoing {
  readonly deliveryId: DeliveryId
  /** Cleaned and prefixed. */
  readonly text: string
  /** A skill to activate first, in the way of that agent; its call precedes the text. */
  readonly skill?: string
}

/** A session, reached. Never throws for ordinary bad days: those are outcomes. */
export interface Connection {
  state(signal: AbortSignal): Promise<Readiness>
  /** Resolves when the agent has accepted the message, or why not. */
  inject(message: Outgoing, signal: AbortSignal): Promise<Outcome>
  /**
   * The same, and waits until the turn is over. Calls `on.accepted` once the agent surely took it.
   * When `signal` aborts the turn is cancelled where the wire can.
   */
  turn(message: Outgoing, signal: AbortSignal, on: TurnEvents): Promise<Outcome>
  /** What the agent can activate; undefined when it does not say. */
  skills(signal: AbortSignal): Promise<readonly string[] | undefined>
  /**
   * After a crash: what became of a delivery that was under way. Undefined when the driver cannot tell.
   * Also puts an end to what a crash left running, where that is the driver's own process.
   */
  recall(deliveryId: DeliveryId): Promise<Outcome | undefined>
  /** Ends the session where it is ours to end: the whole process group. */
  end(): Promise<void>
  /** Lets go of the wire; the agent goes on. */
  close(): Promise<void>
}

export interface TurnEvents {
  readonly accepted: () => Promise<void>
  readonly progress: (event: DeliveryEvent) => void
}

export type Readiness =
  | { readonly kind: 'idle' }
  | { readonly kind: 'busy'; readonly why: string }
  /** A person is in the way: a dialog, a login or trust screen, a half-typed draft. */
  | { readonly kind: 'blocked'; readonly why: string }
  | { readonly kind: 'offline'; readonly why: string }
  | { readonly kind: 'ended'; readonly exitCode?: number; readonly why?: string }
  | { readonly kind: 'missing' }
