import { Failure } from '../domain/error.ts'
import type { Session } from '../domain/session.ts'
import { tooManyFailures } from '../inbound/rate-limiter.ts'
import { bearerOf } from './request.ts'

/** The session whose agent sends this request. Throws `unauthorized`, `forbidden`, or `rate_limited` when that peer guessed too often. */
export type AgentCheck = (request: Request) => Promise<Session>

interface AgentCheckDeps {
  /** The session whose agent holds that token. Throws `unauthorized` and `forbidden`. */
  readonly sessionOf: (token: string) => Promise<Session>
  /** Spends one failed attempt of the peer; milliseconds to wait, or 0. */
  readonly failed: (request: Request) => number
}

export const createAgentCheck =
  ({ sessionOf, failed }: AgentCheckDeps): AgentCheck =>
  async (request) => {
    try {
      return await sessionOf(bearerOf(request) ?? '')
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.code !== 'unauthorized') throw thrown
      const retryAfterMs = failed(request)
      if (retryAfterMs === 0) throw thrown
      throw tooManyFailures(retryAfterMs, thrown.extra)
    }
  }
