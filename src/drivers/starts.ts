import type { Outcome } from '../domain/outcome.ts'

/** Too many agents wait to be started, or the server stops. */
export const noPlace: Outcome = { kind: 'busy', why: 'other agents are being started', retryAfterMs: 2000 }
