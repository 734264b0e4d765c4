import { Buffer } from 'node:buffer'
import type { HookOrder } from '../../inbound/send-signed.ts'
import { createAdminApi } from '../api.ts'
import type { AdminCheck } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import { Pause } from '../models/grant.ts'
import * as trials from '../models/hooks.ts'
import * as requests from '../models/requests.ts'
import { adminOperations } from '../openapi/operation.ts'

/** What the operator does with hooks over HTTP, bound to this server by the composition root. */
interface HookDeps {
  readonly admin: AdminCheck
  readonly pause: (target: string) => Promise<Pause>
  readonly resume: (target: string) => Promise<Pause>
  readonly testHook: (name: string, order: HookOrder) => Promise<trials.Rehearsal>
  readonly sendToHook: (name: string, order: HookOrder) => Promise<trials.SentToHook>
}

const described = adminOperations('Hooks')

/** The largest payload that a hook may take, in base64, and the rest. */
const mostTrialBytes = 36_700_160

/** Stands beside the routes for knocks, which would take these paths for those of hooks (`config/hooks.ts` keeps hooks off them). */
export function hookRoutes({ admin, pause, resume, testHook, sendToHook }: HookDeps, guard: RequestGuard) {
  const { api, jsonUpTo, noBody } = createAdminApi(admin, guard)
  const response = { 200: Pause }
  const trial = { parse: jsonUpTo(mostTrialBytes), ...requests.byName, body: trials.TrialOrder }
  return api
    .post('/hooks/:name/pause', async ({ params }) => jsonResponse(await pause(`hook:${params.name}`)), {
      ...{ ...noBody, ...requests.byName, response },
      detail: described('pauseHook', 'Hold what comes to a hook until it is resumed', 404),
    })
    .post('/hooks/:name/resume', async ({ params }) => jsonResponse(await resume(`hook:${params.name}`)), {
      ...{ ...noBody, ...requests.byName, response },
      detail: described('resumeHook', 'Deliver what was held of a hook, in its order', 404),
    })
    .post(
      '/hooks/:name/test',
      async ({ params, body }) => jsonResponse(await testHook(params.name, orderOf(body))),
      {
        ...trial,
        response: { 200: trials.Rehearsal },
        detail: described('testHook', 'What a payload would become; nothing is stored or sent', 404),
      },
    )
    .post(
      '/hooks/:name/send',
      async ({ params, body }) => jsonResponse(await sendToHook(params.name, orderOf(body))),
      {
        ...trial,
        response: { 200: trials.SentToHook },
        detail: described('sendToHook', 'Send what its sender would send now, signed, through its door', 404),
      },
    )
}

/** Null means the same as absent. */
function orderOf({ payload, payloadEncoding, delivery, headers }: trials.TrialOrder): HookOrder {
  return {
    ...(typeof payload === 'string' && {
      payload: new Uint8Array(Buffer.from(payload, payloadEncoding === 'base64' ? 'base64' : 'utf8')),
    }),
    ...(typeof delivery === 'string' && { delivery }),
    ...(headers && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
      ),
    }),
  }
}
