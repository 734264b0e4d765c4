/**
 * The variable that names the file with an agent's own capability. Some agents keep variables that look like secrets from
 * what they start; this one is only a path.
 */
export const selfVariable = 'POSTERN_SELF'

/** What an agent in a session of ours may do for that session alone: ask for waits, and what belongs to them. */
export interface Capability {
  /** The home whose server takes it. Absolute. */
  readonly home: string
  readonly session: string
  /** Of one opening of the session; it is worth nothing to the next. */
  readonly generation: string
  readonly token: string
}
