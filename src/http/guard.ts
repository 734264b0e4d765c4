import type { Log } from '../domain/ports.ts'
import type { Hosts } from './hosts.ts'
import { problemResponse } from './problem.ts'

/** What every route does before and after its own work. */
export interface RequestGuard {
  readonly hosts: Hosts
  readonly log: Log
  /** IP address of who asks, through trusted proxies only. */
  readonly peer: (request: Request) => string
  /** To be called for a request that has arrived and proven itself when its answer may take longer than 15 seconds. */
  readonly keepOpen: (request: Request) => void
}

/**
 * Host and Origin first, then the route's own work; whatever it throws becomes a problem document. `answered` sees
 * what is sent.
 */
export async function guarded(
  guard: RequestGuard,
  request: Request,
  answer: () => Response | Promise<Response>,
  answered?: (response: Response) => void,
): Promise<Response> {
  let response: Response
  try {
    guard.hosts.check(request)
    response = await answer()
  } catch (thrown) {
    response = problemResponse(thrown, guard.log)
  }
  answered?.(response)
  return response
}

/** A JSON answer that no cache keeps. */
export const jsonResponse = <T>(body: T, status = 200): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  })
