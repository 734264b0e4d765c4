import type { ClosedBecause } from './session.ts'

/** How a driver knows that the agent took the input: its own acknowledgement, the text seen on its screen, or a paste marker seen there. */
export type Evidence = 'ack' | 'echo' | 'marker'

/** How a driver knows that a turn is over: the agent reported its end, or fell silent. */
export type TurnEnd = 'reported' | 'inferred'

/** Why a turn did not end well. */
export type TurnFailure =
  | 'refusal'
  | 'max_tokens'
  | 'cancelled'
  | 'timeout'
  | 'agent_error'
  | 'empty'
  | 'not_accepted'
  | 'exited'
  | 'no_skill'
  /** Its answer does not fit the schema that was asked for. */
  | 'misfit'

/**
 * What a driver honestly reports of one attempt.
 * Before acceptance a failure may be tried again; after acceptance never, because that would be a second turn.
 */
export type Outcome =
  /** The agent has accepted the input. Ends a `send_input` or `wake`; for a turn it is only the beginning. */
  | { readonly kind: 'taken'; readonly evidence: Evidence; readonly answer?: string }
  /** The turn is over and went well. `heuristic` when its end was only inferred from silence. */
  | {
      readonly kind: 'completed'
      readonly answer?: string
      readonly toolCalls?: number
      readonly heuristic?: boolean
    }
  /** The agent took the input and its turn failed. */
  | {
      readonly kind: 'turn_failed'
      readonly why: TurnFailure
      readonly detail: string
      readonly answer?: string
    }
  /** A turn runs, or a person is in the way (`blocked`: dialog, login, half-typed draft): held, no attempt spent. */
  | {
      readonly kind: 'busy'
      readonly why: string
      readonly blocked?: true
      readonly retryAfterMs?: number
    }
  /** The agent's host cannot be reached now: held, no attempt spent. */
  | { readonly kind: 'offline'; readonly why: string; readonly retryAfterMs?: number }
  /** No session is open under that id, and the message outlives that: held until one is. */
  | { readonly kind: 'closed'; readonly because: ClosedBecause; readonly why: string }
  /** The agent's process is over. */
  | { readonly kind: 'ended'; readonly exitCode?: number; readonly why?: string }
  /** The agent did not get it. `retry` says whether trying again makes sense. */
  | {
      readonly kind: 'failed'
      readonly why: string
      readonly retry: boolean
      readonly retryAfterMs?: number
      readonly skill?: true
    }
  /** Cut off where it may or may not have arrived; `accepted` when it surely began. */
  | { readonly kind: 'unknown'; readonly why: string; readonly accepted: boolean }
  /** The grant was revoked while the delivery waited. */
  | { readonly kind: 'revoked' }
  /** The delivery was unfinished in a backup: what became of it since is unknown. */
  | { readonly kind: 'restored'; readonly why: string }
  /** A person does not want it delivered any more. */
  | { readonly kind: 'cancelled' }
  /** The delivery waited for its session longer than it may. */
  | { readonly kind: 'expired'; readonly why: string }
  /** Let go before anything reached the agent, as when the server stops: no attempt spent. */
  | { readonly kind: 'released'; readonly why: string }
