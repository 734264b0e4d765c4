import { createAdminApi } from '../api.ts'
import type { AdminCheck } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import * as answers from '../models/answers.ts'
import * as requests from '../models/requests.ts'
import { adminOperations } from '../openapi/operation.ts'

/** What the operator does with hooks over HTTP, bound to this server by the composition root. */
interface HookDeps {
  readonly admin: AdminCheck
  readonly pause: (target: string) => Promise<answers.Pause>
  readonly resume: (target: string) => Promise<answers.Pause>
}

const described = adminOperations('Hooks')

/** Stands beside the routes for knocks, which would take these paths for those of hooks (`config/hooks.ts` keeps hooks off them). */
export function hookRoutes({ admin, pause, resume }: HookDeps, guard: RequestGuard) {
  const { api, noBody } = createAdminApi(admin, guard)
  const response = { 200: answers.Pause }
  return api
    .post('/hooks/:name/pause', async ({ params }) => jsonResponse(await pause(`hook:${params.name}`)), {
      ...{ ...noBody, ...requests.byName, response },
      detail: described('pauseHook', 'Hold what comes to a hook until it is resumed', 404),
    })
    .post('/hooks/:name/resume', async ({ params }) => jsonResponse(await resume(`hook:${params.name}`)), {
      ...{ ...noBody, ...requests.byName, response },
      detail: described('resumeHook', 'Deliver what was held of a hook, in its order', 404),
    })
}
