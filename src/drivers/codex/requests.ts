import type { DecisionTools, OpenRequest } from '../../domain/decision.ts'
import { pause } from '../../wait.ts'
import type { Json, JsonObject } from '../json.ts'
import { type AppServer, undecided } from './app-server.ts'
import { approvalOf, createItems, decisionOn, type Items } from './approval.ts'
import { connectServer } from './connect.ts'
import type { CodexSettings } from './settings.ts'
import { load } from './thread.ts'

/** A conversation on a server that others use as well, and who is asked from afar for what codex asks there. */
interface Watch {
  readonly threadId: string
  readonly decisions: DecisionTools
  readonly items: Items
  /** By the id of codex's request. */
  readonly open: Map<Json, OpenRequest>
  /** What codex asks now, for people; its state alone does not tell. By the same ids. */
  readonly asks: Map<Json, string>
}

interface ApprovalWatch {
  /** What codex has asked for longest: `permission: touch x`. */
  first(): string | undefined
  /** Resolves when nothing is watched any more. */
  readonly over: Promise<void>
}

/** A server that is not there, or does not know the conversation yet, is looked for again. */
const againMs = 3000

/**
 * Puts the approvals that a conversation asks for before people, whoever began the turn. What nobody decides stays as it is: codex asks
 * all its clients, and the first answer counts.
 */
export function watchApprovals(
  { server: place, conversation }: CodexSettings,
  env: Readonly<Record<string, string | undefined>>,
  decisions: DecisionTools,
  signal: AbortSignal,
): ApprovalWatch {
  const asks = new Map<Json, string>()
  const again = async (): Promise<void> => {
    while (conversation !== undefined && !signal.aborted) {
      const server = await connectServer(place, env, signal).catch(() => undefined)
      const watched = { threadId: conversation, decisions, items: createItems(), open: new Map(), asks }
      if (server) await watch(server, watched, signal)
      asks.clear()
      if (!signal.aborted) await pause(againMs, signal)
    }
  }
  return { first: () => asks.values().next().value, over: again() }
}

/** Until the connection is gone, or aborted. */
async function watch(server: AppServer, watched: Watch, signal: AbortSignal): Promise<void> {
  const { promise: gone, resolve: onGone } = Promise.withResolvers<void>()
  const close = () => void server.close()
  signal.addEventListener('abort', close)
  if (signal.aborted) close()
  server.listen({
    onNotification: (method, params) => note(watched, method, params),
    onRequest: (method, params, id) => asked(watched, method, params, id),
    onGone,
  })
  const { kind } = await load(server, watched.threadId, true)
  if (kind === 'unknown' || kind === 'trouble') close()
  else await gone
  signal.removeEventListener('abort', close)
  for (const request of watched.open.values()) request.close('withdrawn', 'the connection to codex broke off')
}

function note(watched: Watch, method: string, params: JsonObject): void {
  if (params.threadId !== watched.threadId) return
  watched.items.note(method, params)
  if (method !== 'serverRequest/resolved') return
  const id = params.requestId ?? null
  watched.open.get(id)?.close('elsewhere', 'it was answered in codex, or its turn was ended there')
  watched.open.delete(id)
  watched.asks.delete(id)
}

function asked(watched: Watch, method: string, params: JsonObject, id: Json): Promise<Json> {
  const approval = params.threadId === watched.threadId ? approvalOf(method, params) : undefined
  if (!approval) return undecided()
  watched.asks.set(id, approval.asks)
  return new Promise((resolve) => {
    const decision = decisionOn(id, approval, params, watched.items, resolve)
    if (!decision) return
    const request = watched.decisions.open(decision.request)
    watched.open.set(id, request)
    void request.decided.then((decided) => {
      if (!decided) return
      watched.open.delete(id)
      if (decided.verdict === 'allow') decision.allow()
      else decision.deny()
      decided.applied()
    })
  })
}
