import type { DeliveryId } from './delivery.ts'
import { Failure } from './error.ts'
import type { SessionId } from './session.ts'

export type DecisionId = string & { readonly brand: 'DecisionId' }

/** What an agent asks a person, as its own protocol puts it. */
export interface AgentRequest {
  /** Names the request while it is open; no other open one of the same opening has it. */
  readonly id: string
  readonly kind: 'permission' | 'question'
  /** One line: `Bash: rm -rf build`. */
  readonly title: string
  /** Exactly what is asked, as the agent sent it: JSON or text. What is longer than 16 KiB is cut in its middle, and says so. */
  readonly detail: string
  /** The message whose turn asks, where the driver knows; else the one that is under way in its session. */
  readonly delivery?: DeliveryId
}

export type Verdict = 'allow' | 'deny'

/** By which door a person decided. */
export type DecisionDoor = 'url' | 'cli' | 'api' | 'dashboard'

/**
 * `deciding`: a person decided by one of our doors, and the agent is yet to be told. `elsewhere`: somebody answered where the agent
 * runs. `withdrawn`: nobody asks any more.
 */
type DecisionState = 'open' | 'deciding' | 'allowed' | 'denied' | 'elsewhere' | 'expired' | 'withdrawn'

/** One request of an agent, and what became of it. Times are Unix milliseconds by the wall clock. */
export interface Decision {
  readonly id: DecisionId
  readonly session: SessionId
  readonly generation: string
  readonly request: AgentRequest
  readonly state: DecisionState
  /** What a person decided by one of our doors, and by which. */
  readonly verdict?: Verdict
  readonly door?: DecisionDoor
  /** What happened, where it was none of our doors. */
  readonly why?: string
  readonly openedAt: number
  /** Nobody can decide from then on. */
  readonly expiresAt: number
  readonly closedAt?: number
}

/** A request of an agent that a person may decide on by one of our doors. */
export interface OpenRequest {
  /**
   * Resolves when somebody has decided. With undefined when nobody did in time, when `close` was called, or when nobody can be asked
   * now: an agent of ours is denied its request then, the dialog of a person's own stays as it is. Never rejects.
   */
  readonly decided: Promise<Decided | undefined>
  /** Somebody answered where the agent runs, or it asks no more: `why` in words. Once a decision was applied this does nothing. */
  close(how: 'elsewhere' | 'withdrawn', why: string): void
}

/** A person's decision. The door that it came by answers when `applied` was called. */
export interface Decided {
  readonly verdict: Verdict
  /** The agent was given the answer; or, with `trouble`, it was too late to: `answered at the desk`. */
  applied(trouble?: string): void
}

/** What puts an agent's requests before people. */
export interface DecisionTools {
  /** `withinMs`: how long a person has; without it, as long as is configured. */
  open(request: AgentRequest, withinMs?: number): OpenRequest
}

export const isOpen = ({ closedAt }: Decision): boolean => closedAt === undefined

/** What happened, in a sentence for who comes too late. */
function whatHappened({ state, verdict, door, why }: Decision): string {
  const by = door === undefined ? '' : ` ${doors[door]}`
  switch (state) {
    case 'open':
      return 'It waits for a decision.'
    case 'deciding':
      return `It was ${verdict === 'allow' ? 'allowed' : 'denied'}${by} just now, and the agent is being told.`
    case 'allowed':
      return `It was allowed${by}.`
    case 'denied':
      return `It was denied${by}.`
    case 'elsewhere':
      return `It was answered where the agent runs${because(why)}.`
    case 'expired':
      return 'Nobody decided in time.'
    case 'withdrawn':
      return `The agent asks no more${because(why)}.`
  }
}

const because = (why: string | undefined): string => (why === undefined ? '' : `: ${why}`)

const doors: Readonly<Record<DecisionDoor, string>> = {
  url: 'by its link',
  cli: 'on the command line',
  api: 'by the API',
  dashboard: 'on the dashboard',
}

/** Refuses a decision that comes too late. */
export const decidedAlready = (decision: Decision): Failure =>
  new Failure('decided_already', whatHappened(decision))
