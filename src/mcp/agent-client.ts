/** A request to the routes that a session's agent has, below `/agent/`. */
export interface ClientRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly body?: unknown
}

export interface ClientAnswer {
  readonly status: number
  /** Parsed JSON, or undefined when there is none. */
  readonly body: unknown
}

/**
 * Sends it with the capability of the session that the agent is in; resolves with refusals, too. Throws a `Failure` whose
 * sentence says what to do: outside a session, in one that is over, or while no server runs.
 */
export type AgentClient = (request: ClientRequest) => Promise<ClientAnswer>
