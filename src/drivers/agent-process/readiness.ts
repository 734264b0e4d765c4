import type { Readiness } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { whenAborted } from '../../wait.ts'
import { blockedBy } from '../blocked.ts'
import type { Opening } from './opening.ts'

/** The session's state. An agent of our own is not started to learn it: without a message it is idle. */
export async function stateOf(opening: Opening, signal: AbortSignal): Promise<Readiness> {
  const known = knownState(opening)
  return known.kind === 'idle' && opening.foreign ? askAgent(opening, signal) : known
}

/** As `stateOf`, and starts the agent as a message would. */
export async function checkedState(opening: Opening, signal: AbortSignal): Promise<Readiness> {
  const known = knownState(opening)
  return known.kind === 'idle' ? askAgent(opening, signal) : known
}

function knownState(opening: Opening): Readiness {
  if (opening.ending.signal.aborted) return { kind: 'ended' }
  const asks = opening.turn?.blocked()
  if (asks !== undefined) return blockedBy(asks)
  return opening.claim ? { kind: 'busy', why: 'a turn runs' } : { kind: 'idle' }
}

async function askAgent(opening: Opening, signal: AbortSignal): Promise<Readiness> {
  const aborted = whenAborted(signal)
  const state = await Promise.race([readinessOfAgent(opening), aborted.promise])
  aborted.disarm()
  return state ?? { kind: 'offline', why: 'the agent did not answer in time' }
}

async function readinessOfAgent(opening: Opening): Promise<Readiness> {
  const started = await opening.ready()
  if (started.kind !== 'agent') return readinessOf(started)
  return (await started.agent.state?.()) ?? { kind: 'idle' }
}

/** Why no agent can be asked. */
function readinessOf(outcome: Outcome): Readiness {
  if (outcome.kind === 'ended') return outcome
  const why = ('why' in outcome ? outcome.why : undefined) ?? 'the agent did not start'
  return outcome.kind === 'busy' ? { kind: 'blocked', why } : { kind: 'offline', why }
}
