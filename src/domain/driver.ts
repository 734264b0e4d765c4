import type { DecisionTools } from './decision.ts'
import type { DeliveryEvent, DeliveryId } from './delivery.ts'
import type { Evidence, Outcome } from './outcome.ts'
import type { Log } from './ports.ts'
import type { ScreenSnapshot } from './screen-snapshot.ts'
import type { DriverSettings, Session } from './session.ts'

/** One kind of session. A driver takes messages, not bytes, and knows only its own protocol. */
export interface Driver {
  readonly kind: string
  readonly summary: string
  /** `pull`: the agent side fetches and acknowledges its messages; nothing is ever pushed to it. */
  readonly delivery: 'push' | 'pull'
  /** The agent does not tell whether it works: `idle` only means that nothing of ours is on its way. */
  readonly silent?: true
  /** Checks settings given by a person and returns them completed. Throws `usage` naming what is wrong. */
  prepare(settings: DriverSettings, place: { readonly cwd: string }): Promise<DriverSettings>
  /**
   * Finds what of this kind runs or is installed here, for a person to choose from. Only looks: starts no agent, sends
   * nothing to one, leaves nothing behind. What cannot be asked, or not before `place.signal` aborts, is left out; it
   * never throws.
   */
  discover?(place: DiscoveryPlace): Promise<readonly Discovered[]>
  /** Whether that process is the agent of the session, or the server that its conversation lives in. */
  carries?(session: Session, process: ProcessIdentity): Promise<boolean>
  /** Whether a turn of that session ends with the agent's answer; where this is missing, it always does. */
  answers?(session: Session, tools: Pick<DriverTools, 'runDir'>): Promise<boolean>
  /** Binds to one opening of a session. Does not wait for the agent; `state` tells. */
  connect(session: Session, tools: DriverTools): Connection
}

export interface DiscoveryPlace {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user's own directory. Absolute. */
  readonly userHome: string
  /** Settings of the open sessions of this kind: what they reach already is left out. */
  readonly reached: readonly DriverSettings[]
  readonly signal: AbortSignal
}

/** Something a session could be made of. Holds no secret: it is printed. */
export interface Discovered {
  /** One line for a person, for example `Claude Code in /src/app, pid 4711, idle`. */
  readonly what: string
  /** It runs now; else it is only installed. */
  readonly live: boolean
  readonly way: Way
  /** A session id to suggest; who prints it makes it free. */
  readonly id: string
  /** What follows `postern session add <id>`, complete, one argument each: `['--driver', 'tmux', '--target', '%5']`. */
  readonly add: readonly string[]
}

/**
 * In what way a session would reach it: by a protocol of the agent's own, by an adapter, as one process for each message, or by
 * typing into its terminal.
 */
export type Way = 'own' | 'adapter' | 'process' | 'typed'

/** What the core lends a driver. */
export interface DriverTools {
  /** Directory 0700 for Unix sockets and records of running processes. */
  readonly runDir: string
  /** Milliseconds that never jump, also across restarts: for durations and timelines, not to compare with other clocks. */
  readonly now: () => number
  /**
   * To be awaited before a process of ours is started: so few are at a time, longest waiting first. What it resolves with is to
   * be called when the process is up; undefined when there is no place for it now. Absent where nobody counts.
   */
  readonly starts?: (since: number, signal: AbortSignal) => Promise<(() => void) | undefined>
  /** Where the agent's requests are put before people; present only where the session's configuration says `decisions: true`. */
  readonly decisions?: DecisionTools
  /**
   * The path of the file with the agent's own capability (`capability.ts`), for the environment of what is started; undefined
   * where there is none now. Absent where agents get none.
   */
  readonly self?: () => Promise<string | undefined>
  /** Keeps what the driver learned about its session (a resumable id) across restarts. */
  readonly remember: (settings: DriverSettings) => Promise<void>
  readonly log: Log
}

/** One message for one session. */
export interface Outgoing {
  readonly deliveryId: DeliveryId
  /** Cleaned and prefixed. */
  readonly text: string
  /** Since when it waits, in the time of `DriverTools.now`. */
  readonly since?: number
  /** A skill to activate first, in the way of that agent; its call precedes the text. */
  readonly skill?: string
}

/** A driver's hold on one opening of a session, in this process. Ordinary failures are outcomes, never thrown. */
export interface Connection {
  state(signal: AbortSignal): Promise<Readiness>
  /**
   * Whether a message would get through, tried as far as that goes without one: starts what a message would start, asks
   * who should answer. A driver without `check` learns as much by `state`. `close` ends what `check` started.
   */
  check?(signal: AbortSignal): Promise<Readiness>
  /** Resolves when the agent has accepted the message, or why not. */
  inject(message: Outgoing, signal: AbortSignal): Promise<Outcome>
  /** `inject`, too, lasts as long as the turn that it starts. */
  readonly injectIsTurn?: true
  /** Of an agent of ours, whose turn goes on after `inject`: resolves when none runs. */
  turnOver?(): Promise<void>
  /**
   * The same, and waits until the turn is over. Calls `on.accepted` once the agent surely took it.
   * When `signal` aborts the turn is cancelled where the protocol can.
   */
  turn(message: Outgoing, signal: AbortSignal, on: TurnEvents): Promise<Outcome>
  /** What the agent can activate; undefined when it does not say. */
  skills(signal: AbortSignal): Promise<readonly string[] | undefined>
  /**
   * After a crash: what became of a delivery that was under way. Undefined when the driver cannot tell.
   * Also puts an end to what a crash left running, where that is the driver's own process.
   */
  recall(deliveryId: DeliveryId): Promise<Outcome | undefined>
  /**
   * Cancels the turn that runs, on a person's word; what it asks a person is denied. False when none runs. Absent where the agent
   * is a person's own, who does that where they sit.
   */
  cancelTurn?(): Promise<boolean>
  /**
   * Shows what its terminal shows, at once and then after changes, at most five times a second, until `signal` aborts. Lines that
   * do not change stay the same objects. Types nothing, changes nothing. Resolves when there is nothing to see any more, with
   * why. Absent where the agent has no terminal that could be seen.
   */
  watchScreen?(show: (screen: ScreenSnapshot) => void, signal: AbortSignal): Promise<string>
  /** Ends the session where it is ours to end: the whole process group. */
  end(): Promise<void>
  /** Closes this connection alone; the agent goes on. */
  close(): Promise<void>
}

export interface TurnEvents {
  /** `ack` unless another is given. */
  readonly accepted: (evidence?: Evidence) => Promise<void>
  readonly progress: (event: DeliveryEvent) => void
}

/** `since`: since when, where the agent itself tells. Unix milliseconds. */
export type Readiness =
  | { readonly kind: 'idle' }
  | { readonly kind: 'busy'; readonly why: string; readonly since?: number }
  | Blocked
  | { readonly kind: 'offline'; readonly why: string }
  | { readonly kind: 'ended'; readonly exitCode?: number; readonly why?: string }
  | { readonly kind: 'missing' }

/** A person is in the way: a dialog, a login or trust screen, a half-typed draft. */
export interface Blocked {
  readonly kind: 'blocked'
  readonly why: string
  /** What is asked, where it is more than `why`: `permission: Bash(ls)`. */
  readonly asks?: string
  readonly since?: number
}

/** A process for good: pids are used again, a pid together with its start is not. */
export interface ProcessIdentity {
  readonly pid: number
  /** Opaque; compared for equality only. Differs across reboots. */
  readonly start: string
}
