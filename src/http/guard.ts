import type { Log } from '../domain/ports.ts'
import type { Hosts } from './hosts.ts'
import { problemResponse } from './problem.ts'

/** What every route does before and after its own work. */
export interface RequestGuard {
  readonly hosts: Hosts
  readonly log: Log
  /** IP address of who asks, through trusted proxies only; known for good once it was asked for. */
  readonly peer: (request: Request) => string
  /** To be called for a request that has arrived and proven itself when its answer may take longer than 15 seconds. */
  readonly keepOpen: (request: Request) => void
  /** Remembers what a request was refused for, once it is known how it is answered. */
  readonly refused: (request: Request, thrown: unknown, response: Response) => void
  /** Remembers a knock that its hook's filter or preset let pass by, with the clause that did. */
  readonly ignored: (request: Request, hook: string, why: string) => void
}

/** Host and Origin first, then the route's own work; whatever it throws becomes a problem document. */
export async function guarded(
  guard: RequestGuard,
  request: Request,
  answer: () => Response | Promise<Response>,
): Promise<Response> {
  try {
    guard.hosts.check(request)
    return await answer()
  } catch (thrown) {
    return refusal(guard, request, thrown)
  }
}

/** The problem document of whatever was thrown, which is remembered. */
export function refusal(guard: RequestGuard, request: Request, thrown: unknown): Response {
  const response = problemResponse(thrown, guard.log)
  guard.refused(request, thrown, response)
  return response
}

/** A JSON answer that no cache keeps. */
export const jsonResponse = <T>(body: T, status = 200): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  })
