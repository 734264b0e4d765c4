import type { Config } from '../config/load.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import { createAdminCheck } from '../http/credentials.ts'
import type { RequestGuard } from '../http/guard.ts'
import { createHosts, createPeers } from '../http/hosts.ts'
import { createMetrics } from '../http/metrics.ts'
import { channelRoutes } from '../http/routes/channels.ts'
import { deliveryRoutes } from '../http/routes/deliveries.ts'
import { deliveryRoute } from '../http/routes/delivery.ts'
import { grantRoutes } from '../http/routes/grants.ts'
import { healthRoutes } from '../http/routes/health.ts'
import { sessionRoutes } from '../http/routes/sessions.ts'
import { webhookRoutes } from '../http/routes/webhooks.ts'
import { createServer } from '../http/server.ts'
import { sourcesOf } from '../inbound/authenticate.ts'
import { acknowledge, purgeDelivery, replayDelivery, retryDelivery } from '../manage/deliveries.ts'
import { expose, revoke } from '../manage/grants.ts'
import { endSession } from '../manage/sessions.ts'
import { baseUrl, webhookUrl } from '../manage/urls.ts'
import type { HttpServer, Platform } from '../platform/platform.ts'
import { within } from '../wait.ts'
import { openDeclared } from './declared-sessions.ts'
import { startMaintenance } from './maintenance.ts'
import { createPipeline, type Pipeline, type ServerDeps } from './pipeline.ts'
import { admitTo, webPages } from './web-pages.ts'

export interface OpeningServer extends ServerDeps {
  readonly platform: Pick<Platform, 'serve'>
  readonly version: string
  readonly adminToken: () => string
  /** PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

export interface RunningServer {
  readonly url: string
  /** Lets no new knock in, gives what is in flight its time, then closes everything but the store. */
  close(): Promise<void>
}

type Part = Parameters<typeof createServer>[1][number]

/** Puts the parts together and listens. What an earlier process left under way is freed first. */
export async function openServer(deps: OpeningServer): Promise<RunningServer> {
  let draining = false
  const knocking = createPipeline(deps, () => draining)
  const released = await deps.store.releaseLeases(deps.clock.now())
  if (released > 0) deps.log('warn', 'deliveries.recovered', { count: released })
  const http = await listen(deps, knocking, () => draining)
  const url = listeningUrl(deps.config(), http.port)
  const { connections } = knocking
  const declare = () => openDeclared({ ...deps, connections }, deps.config().sessions.declared)
  await declare()
  const tending = startMaintenance({ ...deps, knocking, declare })
  knocking.worker.wake()
  return {
    url,
    close: async () => {
      draining = true
      await knocking.worker.drain(deps.config().server.drainSeconds * 1000)
      knocking.waiters.close()
      await stopHttp(http)
      await tending.stop()
      await knocking.connections.closeAll()
    },
  }
}

async function listen(deps: OpeningServer, knocking: Pipeline, draining: () => boolean): Promise<HttpServer> {
  const peers = new WeakMap<Request, () => string>()
  const { config } = deps
  const through = createPeers(() => config().server.trustedProxies)
  const door: RequestGuard = {
    hosts: createHosts(createHostNames(config)),
    log: deps.log,
    peer: (request) => through(request, peers.get(request)?.() ?? 'unknown'),
  }
  let { port } = config().server
  const address = () => listeningUrl(config(), port)
  const handle = createServer(door, routes(deps, knocking, door, draining, address), {
    secure: deps.tls !== undefined,
  })
  const { host: hostname } = config().server
  const http = await deps.platform
    .serve({
      hostname,
      port,
      ...(deps.tls && { tls: deps.tls }),
      fetch: (request, peer) => {
        peers.set(request, peer)
        return handle(request)
      },
    })
    .catch((cause: unknown) => {
      throw new Failure(
        'config_invalid',
        `Cannot listen on ${hostname}, port ${port} (${reasonOf(cause)}). Choose others with --host and --port.`,
        { cause },
      )
    })
  port = http.port
  return http
}

function routes(
  deps: OpeningServer,
  knocking: Pipeline,
  door: RequestGuard,
  draining: () => boolean,
  address: () => string,
): readonly Part[] {
  const { store, tokens, clock, config } = deps
  const failed = (request: Request) => knocking.failures.take(door.peer(request), clock.now())
  const admin = createAdminCheck({ adminToken: deps.adminToken, failed })
  const verbs = keeping(deps, knocking, address)
  const metrics = createMetrics(deps.version, clock.now())
  const knocks = { receive: knocking.receive, now: clock.now, knocked: metrics.knocked }
  const forAdmin = { admin, store, now: clock.now, hooks: () => config().webhooks.hooks, ...verbs }
  const parts: Part[] = [
    channelRoutes({ ...knocks, waitMs: () => config().server.waitSeconds * 1000 }, door),
    webhookRoutes(knocks, door),
    deliveryRoute(
      {
        admin,
        sourcesOf: (bearer) => sourcesOf({ store, tokens, config }, bearer, clock.now()),
        inspect: store.inspectDelivery,
        wait: knocking.waiters.wait,
      },
      door,
    ),
    grantRoutes(forAdmin, door),
    sessionRoutes(forAdmin, door),
    deliveryRoutes(forAdmin, door),
    healthRoutes(
      {
        probe: store.probe,
        draining,
        metrics: async () => metrics.render(await store.counts()),
        admit: (request) => admitTo(config().server.metrics, config(), admin, request),
      },
      door,
    ),
    ...webPages(deps, door, verbs, { admin, failed, draining }, () => parts.flatMap((part) => part.routes)),
  ]
  return parts
}

/** The keeper's verbs, bound to this server. */
function keeping(deps: OpeningServer, knocking: Pipeline, address: () => string) {
  const { store, tokens, clock, config } = deps
  const maxHoldMs = () => config().retry.maxHoldSeconds * 1000
  const woken = async <T>(act: Promise<T>): Promise<T> => {
    const result = await act
    knocking.worker.wake()
    return result
  }
  return {
    expose: async (order: Parameters<typeof expose>[1]) => {
      const { server } = config()
      const minted = await expose({ store, tokens, clock, defaultTtlSeconds: server.grantTtlSeconds }, order)
      return { grant: minted.grant, url: webhookUrl(baseUrl(server, address()), minted.token) }
    },
    revoke: (id: string) => revoke({ store, clock }, id),
    endSession: async (id: string) =>
      endSession({ store, clock, connect: async (session) => knocking.connections.to(session) }, id),
    send: knocking.send,
    retry: (id: string) => woken(retryDelivery({ store, clock, maxHoldMs: maxHoldMs() }, id)),
    replay: (id: string, message: string | undefined) =>
      woken(
        replayDelivery(
          { store, clock, maxHoldMs: maxHoldMs(), queueLimit: config().limits.queuePerSession },
          id,
          message,
        ),
      ),
    purge: (id: string) => purgeDelivery(store, id),
    acknowledge: async (id: string) => {
      const delivery = await acknowledge({ store, clock }, id)
      knocking.waiters.notify(delivery)
      return delivery
    },
  }
}

/** The same list as long as the configuration is the same: it is asked at every knock. */
function createHostNames(config: () => Config): () => readonly string[] {
  let of: Config | undefined
  let names: readonly string[] = []
  return () => {
    if (config() !== of) {
      of = config()
      names = hostNames(of)
    }
    return names
  }
}

function hostNames({ server }: Config): readonly string[] {
  const publicName = server.publicUrl === undefined ? [] : [new URL(server.publicUrl).hostname]
  return [
    server.host.includes(':') ? `[${server.host}]` : server.host,
    ...publicName,
    ...server.allowedHosts,
  ].map((name) => name.toLowerCase())
}

const listeningUrl = ({ server }: Config, port: number): string =>
  baseUrl({ host: server.host, port, ...(server.tls && { tls: server.tls }) })

const stopMs = 2000

/** Answers under way get a moment; connections that merely stay open do not. */
async function stopHttp(http: HttpServer): Promise<void> {
  await within(http.stop(false), stopMs)
  await http.stop(true)
}
