import { Failure } from '../../domain/error.ts'
import type { DoorStore } from '../../domain/ports.ts'
import type { Session } from '../../domain/session.ts'
import { isWaitId, type Wait, type WaitLimits } from '../../domain/wait.ts'
import { mostRead, readPart } from '../../manage/delivery-part.ts'
import { ownDelivery } from '../../manage/own-deliveries.ts'
import { longestReply, type Reply } from '../../manage/replies.ts'
import { iso } from '../../manage/views.ts'
import { openedWaitView } from '../../manage/wait-views.ts'
import type { NewWait, OpenedWait } from '../../manage/waits.ts'
import type { AgentCheck } from '../agent-check.ts'
import { createApi } from '../api.ts'
import { readJsonObject } from '../body.ts'
import { jsonResponse, type RequestGuard } from '../guard.ts'
import * as models from '../models/agent.ts'
import { byId } from '../models/requests.ts'
import { operation } from '../openapi/operation.ts'

/** What an agent does for itself over HTTP, bound to this server by the composition root. */
interface AgentDeps {
  readonly agent: AgentCheck
  readonly store: Pick<DoorStore, 'findWait' | 'listWaits' | 'cancelWait' | 'inspectDelivery'>
  readonly openWait: (session: Session, wait: NewWait) => Promise<OpenedWait>
  readonly limits: () => WaitLimits
  /** Throws what `replyTo` throws. */
  readonly reply: (session: Session, id: string, reply: Reply) => Promise<void>
  readonly now: () => number
  /** Random, for a fence. */
  readonly nonce: () => string
}

const maxBodyBytes = 65_536
/** Every byte of a reply may be spelled in six. */
const maxReplyBytes = 6 * longestReply + 1024

/** Most waits that one answer lists. */
const mostListed = 100

/** Below `/agent/`: for who holds the capability of an agent in a session, which opens nothing else, and nothing else opens these. */
export function agentRoutes(deps: AgentDeps, guard: RequestGuard) {
  const admit = (request: Request) => {
    guard.hosts.check(request)
    return deps.agent(request)
  }
  const json =
    (maxBytes: number) =>
    async ({ request }: { readonly request: Request }) => {
      // Elysia reads the body before it derives.
      await admit(request)
      return readJsonObject(request, maxBytes)
    }
  return createApi(guard, '/agent')
    .derive(async ({ request }) => ({ self: await admit(request) }))
    .get('/self', async ({ self }) => jsonResponse<models.Self>(await describe(deps, self)), {
      query: models.NoQuery,
      response: { 200: models.Self },
      detail: described('showSelf', 'Who holds this capability'),
    })
    .post('/waits', ({ self, body }) => open(deps, self, body), {
      parse: json(maxBodyBytes),
      query: models.NoQuery,
      body: models.WaitOrder,
      response: { 200: models.OpenedWait, 201: models.OpenedWait },
      detail: described('openWait', 'Get a URL that works once and wakes this session', 409),
    })
    .get('/waits', ({ self, query }) => list(deps, self, query), {
      query: models.WaitsQuery,
      response: { 200: models.Waits },
      detail: described('listOwnWaits', 'What became of the waits of this session'),
    })
    .delete('/waits/:id', ({ self, params }) => cancel(deps, self, params.id), {
      ...byId,
      response: { 200: models.CancelledWait },
      detail: described('cancelWait', 'Cancel a wait'),
    })
    .get('/deliveries/:id', ({ self, params, query }) => read(deps, self, params.id, query), {
      params: byId.params,
      query: models.PartQuery,
      response: { 200: models.Part },
      detail: described('readDelivery', 'What came with a message to this session, part by part'),
    })
    .post('/deliveries/:id/reply', ({ self, params, body }) => reply(deps, self, params.id, body), {
      parse: json(maxReplyBytes),
      ...byId,
      body: models.ReplyOrder,
      response: { 200: models.Replied },
      detail: described('replyToDelivery', 'Answer whoever sent a message to this session', 409, 410, 413),
    })
}

const described = (id: string, summary: string, ...refuses: readonly number[]) =>
  operation({
    ...{ tag: 'Agents', id, summary, by: ['agentToken'] },
    description: 'With the capability of an agent, for its own session alone.',
    refuses: [401, 403, ...refuses, 421, 422, 429],
  })

async function describe({ store, limits }: AgentDeps, self: Session): Promise<models.Self> {
  const { id: session, generation } = self
  const open = await store.listWaits({ session, generation, open: true, limit: mostListed })
  return { session, generation, openWaits: open.length, maxWaits: limits().openWaits }
}

async function open(deps: AgentDeps, self: Session, order: models.WaitOrder): Promise<Response> {
  const { what, then, orElse, accept, key, ttlSeconds } = order
  const opened = await deps.openWait(self, {
    ...{ what, accept: accept ?? 'any', ttlSeconds: ttlSeconds ?? undefined },
    ...(typeof then === 'string' && { plan: then }),
    ...(typeof orElse === 'string' && { orElse }),
    ...(typeof key === 'string' && { key }),
  })
  return jsonResponse<models.OpenedWait>(openedWaitView(opened), opened.isNew ? 201 : 200)
}

async function list(deps: AgentDeps, self: Session, query: models.WaitsQuery): Promise<Response> {
  const { id: session, generation } = self
  const after = query.after === undefined ? undefined : Number(query.after)
  const waits =
    query.id === undefined
      ? await deps.store.listWaits({
          ...{ session, generation, limit: mostListed },
          ...(after !== undefined && { after }),
        })
      : [await ownWait(deps, self, query.id)].filter(({ changed }) => changed > (after ?? 0))
  const cursor = String(waits.at(-1)?.changed ?? after ?? 0)
  return jsonResponse<models.Waits>({ waits: waits.map(stateView), cursor })
}

const stateView = (wait: Wait): models.WaitState => ({
  ...{ waitId: wait.id, what: wait.what, state: wait.state, expiresAt: iso(wait.expiresAt) },
  ...(wait.delivery !== undefined && { deliveryId: wait.delivery }),
  ...(wait.state === 'answered' && wait.closedAt !== undefined && { answeredAt: iso(wait.closedAt) }),
})

async function cancel(deps: AgentDeps, self: Session, id: string): Promise<Response> {
  const known = await ownWait(deps, self, id)
  const { state, delivery } = (await deps.store.cancelWait(known.id)) ?? known
  return jsonResponse<models.CancelledWait>({
    ...{ waitId: known.id, state },
    ...(delivery !== undefined && { deliveryId: delivery }),
  })
}

/** One of another session, of an earlier opening of this one, and one that is not there are refused alike. */
async function ownWait({ store }: AgentDeps, self: Session, id: string): Promise<Wait> {
  const wait = isWaitId(id) ? await store.findWait({ id }) : undefined
  if (wait?.session === self.id && wait.generation === self.generation) return wait
  throw new Failure('forbidden', 'This session has no such wait.')
}

async function read(deps: AgentDeps, self: Session, id: string, query: models.PartQuery): Promise<Response> {
  const { store, now } = deps
  const record = await ownDelivery({ find: store.inspectDelivery, findWait: store.findWait, now }, self, id)
  const part = { offset: Number(query.offset ?? 0), limit: Number(query.limit ?? mostRead) }
  return jsonResponse<models.Part>(readPart(record, part, deps.nonce()))
}

async function reply(
  deps: AgentDeps,
  self: Session,
  id: string,
  given: models.ReplyOrder,
): Promise<Response> {
  await deps.reply(self, id, given)
  return jsonResponse<models.Replied>({ accepted: true, first: true })
}
