import type { Config } from '../config/load.ts'
import type { TlsTexts } from '../config/tls.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import { withSession } from '../domain/hook.ts'
import type { Session } from '../domain/session.ts'
import { createArrivals } from '../http/arrivals.ts'
import { admitTo, createAdminCheck } from '../http/credentials.ts'
import type { RequestGuard } from '../http/guard.ts'
import { createHostNames, createHosts, createPeers, remembered } from '../http/hosts.ts'
import { createLoopWatch, during, type LoopWatch, watchLoop } from '../http/loop-watch.ts'
import { createMetrics } from '../http/metrics.ts'
import { createRefusalNotes } from '../http/refusals.ts'
import { awaitsBody } from '../http/request.ts'
import { channelRoutes } from '../http/routes/channels.ts'
import { decideRoutes } from '../http/routes/decide.ts'
import { decisionRoutes } from '../http/routes/decisions.ts'
import { deliveryRoutes } from '../http/routes/deliveries.ts'
import { deliveryRoute } from '../http/routes/delivery.ts'
import { grantRoutes } from '../http/routes/grants.ts'
import { healthRoutes } from '../http/routes/health.ts'
import { hookRoutes } from '../http/routes/hooks.ts'
import { noticeRoutes } from '../http/routes/notices.ts'
import { refusalRoutes } from '../http/routes/refusals.ts'
import { sessionRoutes } from '../http/routes/sessions.ts'
import { waitRoutes } from '../http/routes/waits.ts'
import { webhookRoutes } from '../http/routes/webhooks.ts'
import { createServer, type ServerParts } from '../http/server.ts'
import { sourcesOf } from '../inbound/authenticate.ts'
import { pageMs } from '../manage/activity.ts'
import { openDeclared } from '../manage/declared.ts'
import { renewSelves } from '../manage/own-session.ts'
import { baseUrl } from '../manage/urls.ts'
import { answersWait } from '../manage/waits.ts'
import type { HttpServer, Platform } from '../platform/platform.ts'
import { createAdminActions } from './admin-actions.ts'
import { agentParts } from './agent-parts.ts'
import { askerRuns, recover, startMaintenance } from './maintenance.ts'
import { createPipeline, type Pipeline, type ServerDeps } from './pipeline.ts'
import { stopHttp } from './stop-http.ts'
import { webPages } from './web-pages.ts'

interface OpenServerDeps extends ServerDeps {
  readonly platform: Pick<Platform, 'serve'>
  readonly version: string
  readonly adminToken: () => string
  readonly lookAtKeys: () => void
  readonly tls?: TlsTexts
}

interface RunningServer {
  readonly url: string
  /** Lets no new knock in, gives what is in flight its time, then closes everything but the store. */
  close(): Promise<void>
}

type Part = ServerParts['first'][number]

/** Puts the parts together and listens. What an earlier process left under way is freed first. */
export async function openServer(deps: OpenServerDeps): Promise<RunningServer> {
  let draining = false
  let url: string | undefined
  const base = () => (url === undefined ? undefined : baseUrl(deps.config().server, url))
  const pipeline = createPipeline(deps, { draining: () => draining, base })
  await pipeline.notices.follow()
  await recover(deps)
  const watch = createLoopWatch(() => performance.now(), deps.log)
  const http = await listen(deps, pipeline, watch, () => draining)
  url = listeningUrl(deps.config(), http.port)
  const { connections, worker, waiters } = pipeline
  const connect = async (session: Session) => connections.to(session)
  const declaring = { ...deps, cwd: deps.home.root, connect }
  await pipeline.agentRequests.sweep(askerRuns)
  const declare = () => openDeclared(declaring, deps.config().sessions.declared)
  await declare()
  const selves = { ...deps, paths: deps.home }
  await renewSelves(selves)
  const maintenance = startMaintenance({
    ...deps,
    pipeline,
    declare,
    renewSelves: () => renewSelves(selves),
    begin: watch.begin,
  })
  worker.wake()
  const stopWatching = watchLoop(watch)
  return {
    url,
    close: async () => {
      draining = true
      pipeline.startNoMore()
      await worker.drain(deps.config().server.drainSeconds * 1000)
      waiters.close()
      await stopHttp(http)
      await maintenance.stop()
      stopWatching()
      await pipeline.refusals.close()
      await pipeline.notices.close()
      await connections.closeAll()
      await pipeline.agentRequests.idle()
    },
  }
}

async function listen(
  deps: OpenServerDeps,
  pipeline: Pipeline,
  watch: LoopWatch,
  draining: () => boolean,
): Promise<HttpServer> {
  let http: HttpServer | undefined
  const { config } = deps
  const peerOf = createPeers(() => config().server.trustedProxies)
  const peer = remembered((request) => peerOf(request, http?.peerOf(request) ?? 'unknown'))
  const guard: RequestGuard = {
    hosts: createHosts(
      createHostNames(() => config().server),
      (request) => http?.authorityOf(request),
    ),
    log: deps.log,
    peer,
    ...createRefusalNotes({ note: pipeline.refusals.note, peer, now: deps.clock.now }),
    // Else whoever announces a body and sends none would hold the connection long after its answer.
    keepOpen: (request) => {
      if (!awaitsBody(request)) http?.keepOpen(request)
    },
  }
  let { port } = config().server
  const address = () => listeningUrl(config(), port)
  const handle = createServer(guard, routes(deps, pipeline, guard, { watch, draining, address }), {
    secure: deps.tls !== undefined,
  })
  const { host: hostname } = config().server
  http = await deps.platform
    .serve({
      hostname,
      port,
      ...(deps.tls && { tls: deps.tls }),
      fetch: handle,
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

/** What the routes know of the server that they are part of. */
interface Running {
  readonly watch: LoopWatch
  readonly draining: () => boolean
  /** Where it listens. */
  readonly address: () => string
}

function routes(
  deps: OpenServerDeps,
  pipeline: Pipeline,
  guard: RequestGuard,
  { watch, draining, address }: Running,
): ServerParts {
  const { store, tokens, clock, config } = deps
  const failed = (request: Request) => pipeline.failures.take(guard.peer(request), clock.now())
  const admin = createAdminCheck({ adminToken: deps.adminToken, failed })
  const actions = createAdminActions(deps, pipeline, address)
  const metrics = createMetrics(deps.version, clock.now())
  const knocks = {
    receive: pipeline.receive,
    now: clock.now,
    arrivals: createArrivals(guard.peer),
    knocked: metrics.knocked,
    begin: watch.begin,
  }
  const hooks = () => config().webhooks.hooks.map((hook) => withSession(hook, config().sessions))
  const { activities } = pipeline
  const forAdmin = { admin, store, now: clock.now, hooks, ...actions, activities }
  const first: readonly Part[] = [
    channelRoutes(
      {
        ...knocks,
        waitMs: () => config().server.waitSeconds * 1000,
        opensHook: async (token) => (await tokens.read(token))?.hook !== undefined,
      },
      guard,
    ),
    webhookRoutes(knocks, guard),
    hookRoutes(forAdmin, guard),
    healthRoutes(
      {
        probe: store.probe,
        draining,
        metrics: () =>
          during(watch.begin, 'metrics', async () => {
            const seen = await pipeline.numbers()
            return metrics.render({ ...seen, refusals: pipeline.refusals, stalls: watch.stalls() })
          }),
        admit: (request) => {
          const { metrics: access, publicUrl } = config().server
          admitTo({ access, publicUrl, peer: guard.peer(request) }, admin, request)
        },
      },
      guard,
    ),
  ]
  const later = () => {
    const parts: Part[] = [
      deliveryRoute(
        {
          admin,
          sourcesOf: (bearer) => sourcesOf({ store, tokens, config }, bearer, clock.now()),
          inspect: store.inspectDelivery,
          wait: pipeline.waiters.wait,
          answersWait: ({ source }) => answersWait(store, source),
        },
        guard,
      ),
      grantRoutes(forAdmin, guard),
      sessionRoutes(forAdmin, guard),
      deliveryRoutes(forAdmin, guard),
      decisionRoutes(forAdmin, guard),
      decideRoutes({ ...forAdmin, tokens, failed }, guard),
      waitRoutes(forAdmin, guard),
      ...agentParts({ ...deps, failed, openWait: actions.openWait }, pipeline, guard),
      refusalRoutes({ admin, list: pipeline.refusals.list }, guard),
      noticeRoutes({ admin, store }, guard),
      ...webPages(
        deps,
        guard,
        actions,
        {
          admin,
          failed,
          draining,
          begin: watch.begin,
          activities: () => pipeline.activities(pageMs),
          ...{ decisions: pipeline.agentRequests.waiting, refusals: pipeline.refusals.list },
        },
        () => [...first, ...parts].flatMap((part) => part.routes),
      ),
    ]
    return parts
  }
  return { first, later }
}

const listeningUrl = ({ server }: Config, port: number): string =>
  baseUrl({ host: server.host, port, ...(server.tls && { tls: server.tls }) })
