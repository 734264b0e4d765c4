import type { Log } from '../domain/ports.ts'
import type { Hosts } from './hosts.ts'
import { problemResponse } from './problem.ts'

/** What every route does before and after its own work. */
export interface Door {
  readonly hosts: Hosts
  readonly log: Log
  /** IP address of who asks, through trusted proxies only. */
  readonly peer: (request: Request) => string
}

/** Host and Origin first, then the route's own work; whatever it throws becomes a problem document. */
export async function answering(
  door: Door,
  request: Request,
  answer: () => Response | Promise<Response>,
): Promise<Response> {
  try {
    door.hosts.check(request)
    return await answer()
  } catch (thrown) {
    return problemResponse(thrown, door.log)
  }
}

/** A JSON answer that no cache keeps. */
export const jsonResponse = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  })
