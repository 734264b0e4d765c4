import type { DecisionTools } from '../../domain/decision.ts'
import type { DeliveryId } from '../../domain/delivery.ts'
import type { Readiness } from '../../domain/driver.ts'
import { reasonOf } from '../../domain/error.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { type Child, type ChildPlace, startChild } from './child.ts'

/** An agent's process with its conversation open. */
export interface Agent {
  /** The agent's own id of the conversation. */
  readonly conversation: string
  /** `AgentOrder.conversation` is unknown to the agent, so this is a new one. */
  readonly lost: boolean
  running(): boolean
  startTurn(text: string, listeners: TurnListeners, deliveryId: DeliveryId): Turn
  /** What goes on in the conversation while no turn of ours runs; of an agent that others use as well. */
  state?(): Promise<Readiness>
  /** The turn of a delivery that may have been sent before; undefined when it never arrived. */
  findTurn?(deliveryId: DeliveryId): Promise<Turn | Outcome | undefined>
  /** The names of its skills, once the agent has named them. */
  commands(): Promise<Named | undefined>
  /** Ends its whole process group. */
  end(): Promise<void>
}

/** What an agent lists. `mixed`: commands of its own may stand among the skills, and nothing tells them apart. */
export interface Named {
  readonly names: readonly string[]
  readonly mixed: boolean
}

/** One message and the agent's whole reaction to it. */
export interface Turn {
  readonly over: Promise<TurnEnd>
  /** What a person is asked for, if anything: `permission: Bash(ls)`. */
  blocked(): string | undefined
  /** Asks the agent to stop; it still ends the turn itself. `late`: the turn's time is over; else only this process gives it up. */
  cancel(late: boolean): void
}

export interface TurnListeners {
  /** The agent reacts: it has surely begun. Once. */
  readonly began: () => void
  readonly tool: (name: string) => void
  /** Something waits that nobody decides from afar: `permission: Bash(ls)`. */
  readonly held: (asks: string) => void
  /** Where people decide from afar; it knows whose turn it is. */
  readonly decisions?: DecisionTools | undefined
}

export interface TurnEnd {
  /** The beginning of the agent's answer. */
  readonly answer: string
  /** The turn was stopped, or its process is over, before the turn came to an end by itself. */
  readonly cut: boolean
  /** Why the conversation cannot be gone on with by this process. */
  readonly gone?: string | undefined
  /** What the end means for the delivery. `began`: the agent has surely taken the message, so nothing may send it again. */
  outcome(began: boolean): Outcome
}

export type Started = { readonly kind: 'agent'; readonly agent: Agent } | Outcome

export interface AgentOrder extends ChildPlace {
  /** The conversation to go on with. */
  readonly conversation: string | undefined
  /** Runs before anything is written to the process. */
  readonly started: (pid: number) => Promise<void>
}

/** Longest time from the start of a process to its open conversation: some are downloaded first. */
const startMs = 120_000

/**
 * Starts the process and has the conversation opened on it. Resolves with why not; ends the process when `signal` aborts.
 * `opened` ends it itself when the outcome is no agent.
 */
export async function startAgent(
  order: AgentOrder,
  signal: AbortSignal,
  opened: (child: Child) => Promise<Started>,
): Promise<Started> {
  try {
    return await open(await startChild(order), order, signal, opened)
  } catch (thrown) {
    return { kind: 'failed', why: reasonOf(thrown), retry: true }
  }
}

async function open(
  child: Child,
  order: AgentOrder,
  signal: AbortSignal,
  opened: (child: Child) => Promise<Started>,
): Promise<Started> {
  const end = () => void child.end('it was ended')
  const late = setTimeout(() => void child.end(`it was not ready within ${startMs / 1000} s`), startMs)
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  try {
    await order.started(child.pid)
    return await opened(child)
  } catch (thrown) {
    await child.end(reasonOf(thrown))
    throw thrown
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', end)
  }
}
