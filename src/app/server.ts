import type { Config } from '../config/load.ts'
import type { TlsTexts } from '../config/tls.ts'
import type { Delivery } from '../domain/delivery.ts'
import { Failure, reasonOf } from '../domain/error.ts'
import { withSession } from '../domain/hook.ts'
import { keysVariable } from '../domain/key-variables.ts'
import type { Relay } from '../domain/relay.ts'
import type { Session } from '../domain/session.ts'
import { createArrivals } from '../http/arrivals.ts'
import { admitTo } from '../http/credentials.ts'
import type { RequestGuard } from '../http/guard.ts'
import { createLoopWatch, during, type LoopWatch, watchLoop } from '../http/loop-watch.ts'
import { createMetrics } from '../http/metrics.ts'
import { channelRoutes } from '../http/routes/channels.ts'
import { decideRoutes } from '../http/routes/decide.ts'
import { deliveryRoute } from '../http/routes/delivery.ts'
import { healthRoutes } from '../http/routes/health.ts'
import { hookRoutes } from '../http/routes/hooks.ts'
import { webhookRoutes } from '../http/routes/webhooks.ts'
import { createServer, type ServerParts } from '../http/server.ts'
import { sourcesOf } from '../inbound/authenticate.ts'
import { pageMs } from '../manage/activity.ts'
import { openDeclared } from '../manage/declared.ts'
import { renewSelves, signAsked } from '../manage/own-session.ts'
import { baseUrl } from '../manage/urls.ts'
import { answersWait } from '../manage/waits.ts'
import type { HttpServer, Platform } from '../platform/platform.ts'
import type { Listener } from '../store/postgres/listen.ts'
import { openAdminAccess } from './admin-access.ts'
import { createAdminActions } from './admin-actions.ts'
import { adminRoutes } from './admin-routes.ts'
import { agentParts } from './agent-parts.ts'
import type { Doors } from './among-doors.ts'
import { createGuard } from './guard.ts'
import { hostParts } from './host-door.ts'
import { askerRuns, recover, startMaintenance } from './maintenance.ts'
import { createPipeline, type Pipeline, type ServerDeps } from './pipeline.ts'
import { stopHttp } from './stop-http.ts'
import { webPages } from './web-pages.ts'

interface OpenServerDeps extends ServerDeps {
  readonly platform: Pick<Platform, 'serve'>
  readonly version: string
  /** As `version` of the program that runs this one, and where. */
  readonly runtime: string
  /** The variables that its keys come by. */
  readonly given?: readonly string[]
  readonly adminToken: () => string
  readonly lookAtKeys: () => void
  readonly wallSkew: () => number
  readonly doors: Doors
  readonly onLost: (why: Failure) => void
  readonly tls?: TlsTexts
  /** Of a store in PostgreSQL. */
  readonly listener?: Listener
  readonly relay?: Relay
}

interface RunningServer {
  readonly url: string
  /** Lets no new knock in, gives what is in flight its time, then closes everything but the store. */
  close(): Promise<void>
}

type Part = ServerParts['first'][number]

/** Puts the parts together and listens. What an earlier process left under way is freed first. */
export async function openServer(given: OpenServerDeps): Promise<RunningServer> {
  let draining = false
  let url: string | undefined
  const base = () => (url === undefined ? undefined : baseUrl(given.config().server, url))
  const { doors } = given
  const pipeline = createPipeline(given, { draining: () => draining, base, doors, relay: given.relay })
  const deps = { ...given, store: pipeline.store }
  await recover(deps)
  await pipeline.notices.follow()
  const watch = createLoopWatch(() => performance.now(), deps.log)
  const http = await listen(deps, pipeline, watch, () => draining)
  url = listeningUrl(deps.config(), http.port)
  const { connections, worker, waiters } = pipeline
  const connect = async (session: Session) => connections.to(session)
  const declaring = { ...deps, ...(doors.host && { host: doors.host }), cwd: deps.home.root, connect }
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
    ...(deps.given?.includes(keysVariable) && {
      signAsked: () => signAsked({ ...selves, here: doors.host }),
    }),
    begin: watch.begin,
  })
  worker.wake()
  const stopWatching = watchLoop(watch)
  return {
    url,
    close: async () => {
      draining = true
      pipeline.startNoMore()
      await Promise.all([
        worker.drain(deps.config().server.drainSeconds * 1000),
        // Without its database the others hear of it when its time is over.
        doors.giveHouse(pipeline.notices.close).catch(() => {}),
      ])
      waiters.close()
      await stopHttp(http)
      await maintenance.stop()
      stopWatching()
      await pipeline.refusals.close()
      await pipeline.notices.close()
      pipeline.doorAgents.close()
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
  const guard = createGuard(
    { config, log: deps.log, clock: deps.clock, refusals: pipeline.refusals },
    () => http,
  )
  let { port } = config().server
  const address = () => listeningUrl(config(), port)
  const access = openAdminAccess(deps, (request) =>
    pipeline.failures.take(guard.peer(request), deps.clock.now()),
  )
  const parts = routes(deps, pipeline, guard, { watch, draining, address, ...access })
  const handle = access.inStep(guard, createServer(guard, parts, { secure: deps.tls !== undefined }))
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
interface Running extends ReturnType<typeof openAdminAccess> {
  readonly watch: LoopWatch
  readonly draining: () => boolean
  /** Where it listens. */
  readonly address: () => string
}

function routes(
  deps: OpenServerDeps,
  pipeline: Pipeline,
  guard: RequestGuard,
  { watch, draining, address, failed, admin, logins }: Running,
): ServerParts {
  const { store, tokens, clock, config } = deps
  const actions = createAdminActions(deps, pipeline, address)
  const metrics = createMetrics(deps.version, clock.now())
  const knocks = {
    receive: pipeline.receive,
    now: clock.now,
    arrivals: createArrivals(guard.peer),
    knocked: metrics.knocked,
    begin: watch.begin,
  }
  const isListening = () => deps.listener?.isListening()
  const hooks = () => config().webhooks.hooks.map((hook) => withSession(hook, config().sessions))
  const forAdmin = { admin, store, now: clock.now, hooks, ...actions, activities: pipeline.activities }
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
        isListening,
        metrics: () =>
          during(watch.begin, 'metrics', async () => {
            const seen = await pipeline.numbers()
            const own = { refusals: pipeline.refusals, stalls: watch.stalls(), isListening: isListening() }
            return metrics.render({ ...seen, ...own })
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
    const showing = {
      admin,
      sourcesOf: (bearer: string) => sourcesOf({ store, tokens, config }, bearer, clock.now()),
      inspect: store.inspectDelivery,
      wait: pipeline.waiters.wait,
      answersWait: ({ source }: Delivery) => answersWait(store, source),
    }
    const parts: Part[] = [
      deliveryRoute(showing, guard),
      ...adminRoutes({ ...forAdmin, list: pipeline.refusals.list }, guard),
      decideRoutes({ ...forAdmin, tokens, failed }, guard),
      ...agentParts({ ...deps, failed, openWait: actions.openWait }, pipeline, guard),
      ...hostParts({ ...deps, base: address, failed, routes: { ...forAdmin, ...showing } }, pipeline, guard),
      ...webPages(
        deps,
        guard,
        actions,
        {
          ...{ admin, logins, failed, draining, address, begin: watch.begin },
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
