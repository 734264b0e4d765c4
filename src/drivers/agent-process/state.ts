import type { Readiness } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { whenAborted } from '../../wait.ts'
import type { OwnedWire } from './wire.ts'

/** What goes on in the session. An agent of our own is not started for that: it is idle until it is spoken to. */
export async function stateOf(wire: OwnedWire, signal: AbortSignal): Promise<Readiness> {
  const known = knownState(wire)
  return known.kind === 'idle' && wire.foreign ? asked(wire, signal) : known
}

/** The same, and starts the agent as a message would. */
export async function checkedState(wire: OwnedWire, signal: AbortSignal): Promise<Readiness> {
  const known = knownState(wire)
  return known.kind === 'idle' ? asked(wire, signal) : known
}

function knownState(wire: OwnedWire): Readiness {
  if (wire.ending.signal.aborted) return { kind: 'ended' }
  const why = wire.turn?.blocked()
  if (why !== undefined) return { kind: 'blocked', why }
  return wire.claim ? { kind: 'busy', why: 'a turn runs' } : { kind: 'idle' }
}

async function asked(wire: OwnedWire, signal: AbortSignal): Promise<Readiness> {
  const aborted = whenAborted(signal)
  const state = await Promise.race([answered(wire), aborted.promise])
  aborted.disarm()
  return state ?? { kind: 'offline', why: 'the agent did not answer in time' }
}

async function answered(wire: OwnedWire): Promise<Readiness> {
  const started = await wire.ready()
  if (started.kind !== 'agent') return readinessOf(started)
  return (await started.agent.state?.()) ?? { kind: 'idle' }
}

/** Why there is no agent to be asked. */
function readinessOf(outcome: Outcome): Readiness {
  if (outcome.kind === 'ended') return outcome
  const why = ('why' in outcome ? outcome.why : undefined) ?? 'the agent did not start'
  return outcome.kind === 'busy' ? { kind: 'blocked', why } : { kind: 'offline', why }
}
