import type { DeliveryId } from '../../domain/delivery.ts'
import type { Readiness } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Agent, Named, Turn, TurnEnd, TurnListeners } from '../agent-process/agent.ts'
import { blockedBy, heldBy } from '../blocked.ts'
import { isObject, textAt } from '../json.ts'
import { complaintOf, load, stateOf, type ThreadState, turnsOf } from './thread.ts'
import { createTurnLog, endOf, followed, type Thread } from './turn.ts'

/** A conversation on an app server, as an agent. */
export function agentOn(thread: Thread, lost: boolean, cwd: string): Agent {
  const { server, id, shared } = thread
  return {
    conversation: id,
    lost,
    running: server.alive,
    startTurn: (text, listeners, deliveryId) => startTurn(thread, text, listeners, deliveryId),
    ...(shared && { state: async () => readinessOf(await stateOf(server, id)) }),
    findTurn: (deliveryId) => findTurn(thread, deliveryId),
    commands: () => skillsOf(thread, cwd),
    end: server.close,
  }
}

function readinessOf(state: ThreadState): Readiness {
  switch (state.kind) {
    case 'idle':
    case 'unloaded':
      return { kind: 'idle' }
    case 'active':
      return state.waitsFor === undefined ? { kind: 'busy', why: 'a turn runs' } : blockedBy(state.waitsFor)
    case 'unknown':
      return { kind: 'ended', why: threadGone }
    case 'trouble':
      return { kind: 'offline', why: state.why }
  }
}

const threadGone = 'codex does not know the conversation any more'

function startTurn(thread: Thread, text: string, listeners: TurnListeners, deliveryId: DeliveryId): Turn {
  const log = createTurnLog(thread, listeners, deliveryId)
  return followed(log, async () => {
    const refusal = await inTheWay(thread)
    if (refusal) return endOf(refusal)
    if (log.stopped) return endOf({ kind: 'released', why: 'let go before it was sent' })
    return send(thread, text, deliveryId)
  })
}

/** A message to a turn that runs would be added to it, so it must wait. Undefined when nothing is in the way. */
async function inTheWay({ server, id, shared }: Thread): Promise<Outcome | undefined> {
  const seen = await stateOf(server, id)
  const state = seen.kind === 'unloaded' ? await load(server, id, !shared) : seen
  if (state.kind === 'idle') return undefined
  const readiness = readinessOf(state)
  if (readiness.kind === 'ended' || readiness.kind === 'offline') return readiness
  return 'why' in readiness ? heldBy(readiness) : { kind: 'busy', why: 'it could not be loaded' }
}

async function send(
  { server, id, shared }: Thread,
  text: string,
  deliveryId: DeliveryId,
): Promise<string | TurnEnd> {
  const input = [{ type: 'text', text, text_elements: [] }]
  const reply = await server.call('turn/start', { threadId: id, clientUserMessageId: deliveryId, input })
  const turnId = reply.kind === 'result' ? textAt(reply.result, 'turn', 'id') : undefined
  if (turnId !== undefined) return turnId
  const why = reply.kind === 'result' ? 'it began a turn without an id' : complaintOf(reply)
  // The message may have arrived: `recall` asks before another attempt.
  if (reply.kind !== 'error' || reply.code === 0)
    return endOf(shared ? { kind: 'offline', why } : { kind: 'unknown', why, accepted: false })
  if (reply.code === overloaded) return endOf({ kind: 'busy', why })
  return endOf({ kind: 'failed', why: `codex refused it: ${why}`, retry: true })
}

/** "Server overloaded; retry later." */
const overloaded = -32001

/** The summary of a turn lacks messages that were added to it, so the last turns are read whole. */
const depth = { summary: 100, full: 3 } as const

async function findTurn(thread: Thread, deliveryId: DeliveryId): Promise<Turn | Outcome | undefined> {
  for (const view of ['summary', 'full'] as const) {
    const { turns, trouble } = await turnsOf(thread.server, thread.id, depth[view], view)
    const turn = turns.find(({ messages }) => messages.includes(deliveryId))
    if (turn) return followed(createTurnLog(thread, noListeners, deliveryId), async () => turn.id)
    if (trouble !== undefined)
      return { kind: 'offline', why: `it cannot be told whether it arrived: ${trouble}` }
  }
  return undefined
}

const noListeners: TurnListeners = { began: () => {}, tool: () => {}, held: () => {} }

async function skillsOf({ server }: Thread, cwd: string): Promise<Named | undefined> {
  const reply = await server.call('skills/list', { cwds: [cwd] })
  const entries = reply.kind === 'result' ? reply.result.data : undefined
  if (!Array.isArray(entries)) return undefined
  const skills = entries.filter(isObject).flatMap(({ skills: list }) => (Array.isArray(list) ? list : []))
  const names = skills
    .filter(isObject)
    .flatMap((skill) => (skill.enabled === false ? [] : (textAt(skill, 'name') ?? [])))
  return { names, mixed: false }
}
