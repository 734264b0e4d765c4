import type { RequestGuard } from '../http/guard.ts'
import { decisionRoutes } from '../http/routes/decisions.ts'
import { deliveryRoutes } from '../http/routes/deliveries.ts'
import { grantRoutes } from '../http/routes/grants.ts'
import { hostsRoutes } from '../http/routes/hosts.ts'
import { noticeRoutes } from '../http/routes/notices.ts'
import { refusalRoutes } from '../http/routes/refusals.ts'
import { sessionRoutes } from '../http/routes/sessions.ts'
import { waitRoutes } from '../http/routes/waits.ts'

type DepsOf<Routes extends (deps: never, guard: RequestGuard) => unknown> = Parameters<Routes>[0]

/** What the families need, together; `list` is that of refusals. */
type AdminRoutesDeps = DepsOf<typeof grantRoutes> &
  DepsOf<typeof sessionRoutes> &
  DepsOf<typeof hostsRoutes> &
  DepsOf<typeof deliveryRoutes> &
  DepsOf<typeof decisionRoutes> &
  DepsOf<typeof waitRoutes> &
  DepsOf<typeof refusalRoutes> &
  DepsOf<typeof noticeRoutes>

/** Routes below `/api` for the admin alone, but for those that are there from the start (`server.ts`). */
export const adminRoutes = (deps: AdminRoutesDeps, guard: RequestGuard) => [
  grantRoutes(deps, guard),
  sessionRoutes(deps, guard),
  hostsRoutes(deps, guard),
  deliveryRoutes(deps, guard),
  decisionRoutes(deps, guard),
  waitRoutes(deps, guard),
  refusalRoutes(deps, guard),
  noticeRoutes(deps, guard),
]
