import {
  type Decision,
  type DecisionFilter,
  type DecisionStore,
  isDecisionId,
  noSuchDecision,
} from '../../domain/decision.ts'
import { parseSessionId } from '../../domain/session.ts'
import type { AgentRequests } from '../../manage/agent-requests.ts'
import { decisionView } from '../../manage/decision-view.ts'
import { createAdminApi } from '../api.ts'
import type { AdminCheck } from '../credentials.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import * as models from '../models/decisions.ts'
import * as requests from '../models/requests.ts'
import { listOf } from '../models/shape.ts'
import { adminOperations } from '../openapi/operation.ts'
import { limitOf } from './deliveries.ts'

interface DecisionDeps extends Pick<AgentRequests, 'decide'> {
  readonly admin: AdminCheck
  readonly store: Pick<DecisionStore, 'findDecision' | 'listDecisions'>
}

const described = adminOperations('Decisions')

/** What agents ask of people, for programs. */
export function decisionRoutes({ admin, store, decide }: DecisionDeps, guard: RequestGuard) {
  const { api, json } = createAdminApi(admin, guard)
  const found = async (id: string): Promise<Decision> => {
    const decision = isDecisionId(id) ? await store.findDecision(id) : undefined
    if (!decision) throw noSuchDecision()
    return decision
  }
  return api
    .get(
      '/decisions',
      async ({ query }) => {
        const list = await store.listDecisions(filterOf(query))
        return jsonResponse<readonly models.Decision[]>(list.map(decisionView))
      },
      {
        query: requests.DecisionQuery,
        response: { 200: listOf(models.Decision, { description: 'Newest first' }) },
        detail: described('listDecisions', 'What agents ask of people'),
      },
    )
    .get(
      '/decisions/:id',
      async ({ params }) => jsonResponse<models.Decision>(decisionView(await found(params.id))),
      {
        ...requests.byId,
        response: { 200: models.Decision },
        detail: described('showDecision', 'One request of an agent'),
      },
    )
    .post(
      '/decisions/:id',
      async ({ params, body }) => {
        const { id } = await found(params.id)
        const decision = await decide({ id, verdict: body.verdict, door: 'api' })
        return jsonResponse<models.Decision>(decisionView(decision))
      },
      {
        parse: json,
        body: requests.DecisionOrder,
        ...requests.byId,
        response: { 200: models.Decision },
        detail: described('decide', 'Allow or deny what an agent asks', 409, 502),
      },
    )
}

const filterOf = ({ session, open, limit }: requests.DecisionQuery): DecisionFilter => ({
  limit: limitOf(limit),
  ...(session && { session: parseSessionId(session) }),
  ...(open === 'yes' && { open: true }),
})
