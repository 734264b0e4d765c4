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

/** A decision's id is `dec_` and the 16 hexadecimal digits that name it in the token of its link. */
export const decisionIdOf = (name: string): DecisionId => `dec_${name}` as DecisionId

/** The digits that name it in its token. */
export const nameOfDecision = (id: DecisionId): string => id.slice('dec_'.length)

export const isDecisionId = (text: string): text is DecisionId => /^dec_[0-9a-f]{16}$/.test(text)

export type Verdict = 'allow' | 'deny'

export const isVerdict = (text: string): text is Verdict => text === 'allow' || text === 'deny'

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
  /** The process that asks for the agent, where it is not the server. */
  readonly asker?: Asker
}

/** `pid start-time` of a process, which no other process ever is. */
export type Asker = string

/** A request that is to be put before people. */
export interface NewDecision
  extends Pick<Decision, 'id' | 'session' | 'generation' | 'request' | 'openedAt' | 'expiresAt' | 'asker'> {}

/** How an open request ends. */
export interface DecisionEnd {
  readonly how: 'applied' | 'elsewhere' | 'expired' | 'withdrawn'
  readonly why?: string
}

export interface DecisionFilter {
  readonly session?: SessionId
  readonly open?: boolean
  /** Those whose id begins so. */
  readonly idPrefix?: string
  readonly limit: number
}

/** Open requests of one session. */
export const mostOpen = 64
/** Closed ones, of all sessions, that are kept. */
export const mostClosed = 1000

/** Where decisions live: a part of `DoorStore`, and bound as that is. */
export interface DecisionStore {
  /**
   * Puts a request of an agent before people, and notes it in the timeline of the delivery whose turn asks. A request of that id
   * that is open already is the same one. Throws `session_missing` or `session_ended` where that opening is over,
   * `session_not_allowed` where the session does not say `decisions`, and `queue_full` when too many are open there.
   */
  openDecision(draft: NewDecision): Promise<Decision>
  /**
   * A person decides, by one of our doors: the decision is `deciding` from then on. Throws `not_found`, and `decided_already` for one
   * that is not open any more or past its time.
   */
  decide(id: DecisionId, verdict: Verdict, door: DecisionDoor, now: number): Promise<Decision>
  /**
   * What became of a request: `applied` closes what a person decided as that. What is closed already stays as it is, and what a
   * person has decided does not expire any more. Resolves with the decision as it stands.
   */
  closeDecision(id: DecisionId, end: DecisionEnd, now: number): Promise<Decision | undefined>
  findDecision(id: DecisionId): Promise<Decision | undefined>
  /** Newest first. */
  listDecisions(filter: DecisionFilter): Promise<readonly Decision[]>
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
  readonly id: DecisionId
  readonly verdict: Verdict
  /** The agent was given the answer; or, with `trouble`, it was too late to: `answered at the terminal`. */
  applied(trouble?: string): void
  /** Another process finds out what became of the answer, and closes the decision. */
  leave(): void
}

/** What puts an agent's requests before people. */
export interface DecisionTools {
  /** `withinMs`: how long a person has; without it, as long as is configured. */
  open(request: AgentRequest, withinMs?: number): OpenRequest
}

export const isOpen = ({ closedAt }: Decision): boolean => closedAt === undefined

/** What happened, in a sentence for who comes too late. */
export function whatHappened({ state, verdict, door, why }: Decision): string {
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

export const noSuchDecision = (): Failure => new Failure('not_found', 'There is no such decision.')

/** Refuses a decision that comes too late. */
export const decidedAlready = (decision: Decision): Failure =>
  new Failure('decided_already', whatHappened(decision))

/** How the decision ends so; undefined where it stays as it is. */
export function closedBy(decision: Decision, { how }: DecisionEnd): Decision['state'] | undefined {
  const { state, verdict } = decision
  if (!isOpen(decision)) return undefined
  if (how === 'applied')
    return state === 'deciding' ? (verdict === 'allow' ? 'allowed' : 'denied') : undefined
  if (how === 'expired') return state === 'open' ? 'expired' : undefined
  return how
}

/** `permission: Bash: ls` */
export const askedOf = ({ kind, title }: Pick<AgentRequest, 'kind' | 'title'>): string => `${kind}: ${title}`

/** The line of a timeline that tells of a request. */
export const askedText = ({ id, request }: Pick<Decision, 'id' | 'request'>): string =>
  `${askedOf(request)} (${id})`

/** What is asked, cut in its middle where it is too long: both ends are read before anybody says yes. */
export function boundedDetail(detail: string): string {
  const bytes = new TextEncoder().encode(detail)
  if (bytes.length <= maxDetail) return detail
  const cut = (part: Uint8Array) => new TextDecoder().decode(part).replace(/^\ufffd+|\ufffd+$/g, '')
  const left = bytes.length - headBytes - tailBytes
  return `${cut(bytes.subarray(0, headBytes))}\n… ${left} bytes are left out here …\n${cut(bytes.subarray(-tailBytes))}`
}

const maxDetail = 16_384
const headBytes = 12_288
const tailBytes = 4000

/** A permission that an agent asks for, as its hook may decide it for a person. */
export interface HookPermission {
  readonly request: AgentRequest
  /** This process, which asks for the agent. */
  readonly asker: Asker
  /** The folder that the agent works in, where its environment does not tell which session it is. */
  readonly folder: string | undefined
  /** False once somebody has answered at the agent itself, as far as that can be told. */
  stillAsks(): Promise<boolean>
  /** The call that waits, where it can be read afterwards whether the hook's answer counted. */
  waitingCall(): Promise<WaitingCall | undefined>
  /** What the hook prints, to be read by the agent. */
  answer(verdict: Verdict): string
}

/** A call of a tool in an agent's own record of its conversation. */
export interface WaitingCall {
  /** Path of the record. */
  readonly record: string
  readonly id: string
}

/** A hook's answer was given to its agent: whether it counted is not yet known. */
export interface GivenAnswer {
  readonly decision: DecisionId
  readonly verdict: Verdict
  readonly call: WaitingCall
}
