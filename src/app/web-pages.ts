import type { Config } from '../config/load.ts'
import { Failure } from '../domain/error.ts'
import { isLoopback } from '../domain/loopback.ts'
import type { AdminCheck } from '../http/credentials.ts'
import { createGuard } from '../http/dashboard/guard.ts'
import { openLoginShelf } from '../http/dashboard/login-file.ts'
import { createLogins } from '../http/dashboard/logins.ts'
import { type DashboardDeps, dashboardRoutes } from '../http/dashboard/routes.ts'
import type { RequestGuard } from '../http/guard.ts'
import { type DocsDeps, docsRoutes } from '../http/routes/docs.ts'
import type { ServerDeps } from './pipeline.ts'

export interface WebPagesDeps extends ServerDeps {
  readonly version: string
  readonly adminToken: () => string
}

type Verbs = Pick<DashboardDeps, 'expose' | 'revoke' | 'retry' | 'replay'>
type Entry = Pick<DashboardDeps, 'admin' | 'failed' | 'draining'>

/** What people look at: the dashboard, and the explorer of the API. */
export function webPages(
  deps: WebPagesDeps,
  door: RequestGuard,
  verbs: Verbs,
  entry: Entry,
  routes: DocsDeps['routes'],
) {
  const { home, store, clock, config, version, adminToken } = deps
  const hooks = () => hooksOf(config())
  const publicUrl = () => config().server.publicUrl
  const shelf = openLoginShelf(home, adminToken())
  const logins = createLogins({ now: clock.now, bytes: clock.bytes, shelf })
  const guard = createGuard({ logins, publicUrl })
  const operator = {
    require: (request: Request) => {
      if (!guard.login(request)) entry.admin.require(request)
    },
  }
  const admit = (request: Request) => admitTo(config().server.docs, config(), operator, request)
  return [
    dashboardRoutes(
      {
        ...{ store, version, adminToken, guard, logins, publicUrl, now: clock.now },
        ...verbs,
        ...entry,
        nonce: () => Buffer.from(clock.bytes(12)).toString('hex'),
        hooks,
      },
      door,
    ),
    docsRoutes({ version, publicUrl, routes, hooks: () => hooks().hooks, admit }, door),
  ]
}

const hooksOf = ({ webhooks, sessions }: Config) => ({
  enabled: webhooks.enabled,
  hooks: webhooks.hooks,
  wakeSession: sessions.wake,
  agentSession: sessions.agent,
})

/** Lets a request see a page that may be open, for the keeper, or off. Throws `not_found`, or what `admin` throws. */
export function admitTo(
  access: 'open' | 'admin' | 'off' | undefined,
  { server }: Config,
  admin: Pick<AdminCheck, 'require'>,
  request: Request,
): void {
  const decided = access ?? (isLoopback(server.host) ? 'open' : 'admin')
  if (decided === 'off') throw new Failure('not_found', 'There is nothing at this path.')
  if (decided === 'admin') admin.require(request)
}
