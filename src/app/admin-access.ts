import { createAdminCheck } from '../http/credentials.ts'
import { isExplorerToken } from '../http/dashboard/explorer-token.ts'
import { loginsUnder, openLoginFile } from '../http/dashboard/login-file.ts'
import { createLogins, type Logins } from '../http/dashboard/logins.ts'
import { createSharedLogins, type Handle, inStep } from '../http/dashboard/shared-logins.ts'
import { type RequestGuard, refusal } from '../http/guard.ts'
import type { ServerDeps } from './pipeline.ts'

interface AdminAccessDeps extends Pick<ServerDeps, 'home' | 'clock' | 'steady' | 'store' | 'config'> {
  readonly adminToken: () => string
}

/**
 * Who the admin is: by the token, or by a login of the dashboard. Logins are read when they are first asked for. Where the store
 * is on a server they are those of all its doors, with which requests are kept in step.
 */
export function openAdminAccess(deps: AdminAccessDeps, failed: (request: Request) => number) {
  const { home, clock, steady, adminToken, store, config } = deps
  const how = { now: steady.now, bytes: clock.bytes }
  const shared =
    config().store === undefined
      ? undefined
      : createSharedLogins({ ...how, store, under: () => loginsUnder(adminToken()) })
  let opened: Logins | undefined = shared
  const logins = () => {
    opened ??= createLogins({ ...how, file: openLoginFile(home, adminToken) })
    return opened
  }
  const standsFor = (token: string) => isExplorerToken(logins, adminToken, token)
  const inStepHere = (guard: RequestGuard, handle: Handle): Handle =>
    shared ? inStep(shared, handle, (...refused) => refusal(guard, ...refused)) : handle
  return { admin: createAdminCheck({ adminToken, standsFor, failed }), logins, failed, inStep: inStepHere }
}
