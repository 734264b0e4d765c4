import type { Config } from '../config/load.ts'
import { newNonce } from '../domain/fence.ts'
import { admitTo } from '../http/credentials.ts'
import { openLoginFile } from '../http/dashboard/login-file.ts'
import { createLoginGuard } from '../http/dashboard/login-guard.ts'
import { createLogins } from '../http/dashboard/logins.ts'
import { type DashboardDeps, dashboardRoutes } from '../http/dashboard/routes.ts'
import type { RequestGuard } from '../http/guard.ts'
import { type DocsDeps, docsRoutes } from '../http/routes/docs.ts'
import type { ServerDeps } from './pipeline.ts'

interface WebPagesDeps extends ServerDeps {
  readonly version: string
  readonly adminToken: () => string
}

type Actions = Omit<DashboardDeps, keyof Entry | Bound>
/** What is bound here. */
type Bound = 'store' | 'version' | 'adminToken' | 'guard' | 'logins' | 'publicUrl' | 'now' | 'nonce' | 'hooks'
type Entry = Pick<
  DashboardDeps,
  'admin' | 'failed' | 'draining' | 'begin' | 'activities' | 'decisions' | 'refusals'
>

/** The dashboard, and the page to try the API. */
export function webPages(
  deps: WebPagesDeps,
  guard: RequestGuard,
  actions: Actions,
  entry: Entry,
  routes: DocsDeps['routes'],
) {
  const { home, store, clock, steady, config, drivers, version, adminToken } = deps
  const hooks = () => hooksOf(config())
  const publicUrl = () => config().server.publicUrl
  const file = openLoginFile(home, adminToken)
  const logins = createLogins({ now: steady.now, bytes: clock.bytes, file })
  const loginGuard = createLoginGuard({ logins, publicUrl })
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
        ...{ store, version, adminToken, guard: loginGuard, logins, publicUrl, now: clock.now },
        ...actions,
        ...entry,
        nonce: () => newNonce(clock),
        hooks,
      },
      guard,
    ),
    docsRoutes(
      { version, drivers: [...drivers.keys()], publicUrl, routes, hooks: () => hooks().hooks, admit },
      guard,
    ),
  ]
}

const hooksOf = ({ webhooks, sessions }: Config) => ({
  enabled: webhooks.enabled,
  hooks: webhooks.hooks,
  sessions,
})
