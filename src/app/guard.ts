import type { Config } from '../config/load.ts'
import type { Clock, Log } from '../domain/ports.ts'
import type { RequestGuard } from '../http/guard.ts'
import { createHostNames, createHosts, createPeers, remembered } from '../http/hosts.ts'
import { createRefusalNotes } from '../http/refusals.ts'
import { awaitsBody } from '../http/request.ts'
import type { Refusals } from '../inbound/refusals.ts'
import type { HttpServer } from '../platform/platform.ts'

interface GuardDeps {
  readonly config: () => Config
  readonly log: Log
  readonly clock: Pick<Clock, 'now'>
  readonly refusals: Pick<Refusals, 'note'>
}

/** What every request meets first. `http` is undefined until it listens. */
export function createGuard(
  { config, log, clock, refusals }: GuardDeps,
  http: () => HttpServer | undefined,
): RequestGuard {
  const peerOf = createPeers(() => config().server.trustedProxies)
  const peer = remembered((request) => peerOf(request, http()?.peerOf(request) ?? 'unknown'))
  return {
    hosts: createHosts(
      createHostNames(() => config().server),
      (request) => http()?.authorityOf(request),
    ),
    log,
    peer,
    ...createRefusalNotes({ note: refusals.note, peer, now: clock.now }),
    // Else whoever announces a body and sends none would hold the connection long after its answer.
    keepOpen: (request) => {
      if (!awaitsBody(request)) http()?.keepOpen(request)
    },
  }
}
