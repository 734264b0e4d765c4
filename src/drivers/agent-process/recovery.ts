import type { DeliveryId } from '../../domain/delivery.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { within } from '../../wait.ts'
import { heldByTurn } from '../blocked.ts'
import type { Turn } from './agent.ts'
import type { Opening } from './opening.ts'

/**
 * What became of a delivery that may have been sent before: as the agent tells it, and once its turn is over. Undefined
 * when it never arrived. It keeps the session busy meanwhile.
 */
export async function recover(opening: Opening, deliveryId: DeliveryId): Promise<Outcome | undefined> {
  if (opening.settings.conversation === undefined) return undefined
  if (opening.claim) return heldByTurn(opening.turn?.blocked())
  const claim = Promise.withResolvers<void>()
  opening.claim = { free: claim.promise }
  try {
    return await found(opening, deliveryId)
  } finally {
    opening.turn = undefined
    opening.claim = undefined
    claim.resolve()
  }
}

async function found(opening: Opening, deliveryId: DeliveryId): Promise<Outcome | undefined> {
  const started = await opening.ready()
  if (started.kind !== 'agent') return started
  const turn = await started.agent.findTurn?.(deliveryId)
  if (!turn || 'kind' in turn) return turn
  opening.turn = turn
  return outcomeOf(turn)
}

/** How long a turn of an earlier server may still run: what it was given then is not known here. */
const rejoinMs = 1_800_000
const cancelMs = 5000

async function outcomeOf(turn: Turn): Promise<Outcome> {
  const inTime = await within(turn.over, rejoinMs)
  if (!inTime) turn.cancel(true)
  if (!inTime && !(await within(turn.over, cancelMs)))
    return { kind: 'unknown', why: 'its turn does not end', accepted: true }
  return (await turn.over).outcome(true)
}
