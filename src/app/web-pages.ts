import type { Config } from '../config/load.ts'
import { newNonce } from '../domain/fence.ts'
import { admitTo } from '../http/credentials.ts'
import { explorerTokenOf } from '../http/dashboard/explorer-token.ts'
import { createLoginGuard } from '../http/dashboard/login-guard.ts'
import type { Logins } from '../http/dashboard/logins.ts'
import { type DashboardDeps, dashboardRoutes } from '../http/dashboard/routes.ts'
import type { RequestGuard } from '../http/guard.ts'
import { type DocsDeps, docsRoutes } from '../http/routes/docs.ts'
import { createInstallation } from './installation.ts'
import type { ServerDeps } from './pipeline.ts'

interface WebPagesDeps extends ServerDeps {
  readonly version: string
  readonly runtime: string
  readonly given?: readonly string[]
  readonly adminToken: () => string
}

type Actions = Omit<DashboardDeps, keyof Entry | Bound>
/** What is bound here. */
type Bound =
  | 'store'
  | 'version'
  | 'adminToken'
  | 'guard'
  | 'logins'
  | 'publicUrl'
  | 'now'
  | 'nonce'
  | 'hooks'
  | 'skew'
  | 'installation'
type Entry = Pick<
  DashboardDeps,
  'admin' | 'failed' | 'draining' | 'begin' | 'activities' | 'decisions' | 'refusals'
> & {
  /** Where the server listens. */
  readonly address: () => string
  readonly logins: () => Logins
}

/** The dashboard, and the page to try the API. */
export function webPages(
  deps: WebPagesDeps,
  guard: RequestGuard,
  actions: Actions,
  entry: Entry,
  routes: DocsDeps['routes'],
) {
  const { store, clock, steady, config, drivers, version, adminToken } = deps
  const hooks = () => hooksOf(config())
  const publicUrl = () => config().server.publicUrl
  const logins = entry.logins()
  const loginGuard = createLoginGuard({ logins, publicUrl, peer: guard.peer })
  const operator = {
    require: (request: Request) => {
      if (!loginGuard.login(request)) entry.admin.require(request)
    },
  }
  const admit = (request: Request) => {
    const { docs: access, publicUrl } = config().server
    admitTo({ access, publicUrl, peer: guard.peer(request) }, operator, request)
  }
  return [
    dashboardRoutes(
      {
        ...{ store, version, adminToken, guard: loginGuard, publicUrl, now: clock.now },
        ...actions,
        ...entry,
        logins,
        nonce: () => newNonce(clock),
        skew: steady.skew,
        installation: createInstallation({ ...deps, address: entry.address }),
        hooks,
      },
      guard,
    ),
    docsRoutes(
      {
        ...{ version, drivers: [...drivers.keys()], publicUrl, routes, admit },
        hooks: () => hooks().hooks,
        explorerToken: (request) => {
          const login = loginGuard.login(request)
          return login && explorerTokenOf(login, adminToken())
        },
      },
      guard,
    ),
  ]
}

const hooksOf = ({ webhooks, sessions }: Config) => ({
  enabled: webhooks.enabled,
  hooks: webhooks.hooks,
  sessions,
})
