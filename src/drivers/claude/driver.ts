import { homedir } from 'node:os'
import type { DeliveryId } from '../../domain/delivery.ts'
import type { Connection, Discovered, DiscoveryPlace, Driver, DriverTools } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { DriverSettings, Session } from '../../domain/session.ts'
import { listSkills } from '../agents/skills.ts'
import { openAttempts } from './attempt.ts'
import { fateOf, recalled } from './recovery.ts'
import { liveEntries } from './registry.ts'
import { speak } from './send.ts'
import { type ClaudeDeps, type ClaudeWire, look, readinessOf, skillPlace } from './session-state.ts'
import { configDirOf, findClaude, parseClaude } from './settings.ts'

/**
 * A Claude Code that a person has open, through its inbox and without typing: its registry tells its state, its
 * transcript what became of a message. The agent is theirs: it is never started, interrupted or ended here.
 */
export const claudeDriver = (deps: ClaudeDeps): Driver => ({
  kind: 'claude',
  summary: 'writes to the inbox of a Claude Code that is open (2.1.224 or later)',
  delivery: 'push',
  prepare: async (settings, { cwd }) => ({
    ...(await findClaude(settings, cwd, configDirOf(deps.env, homedir()))),
  }),
  discover,
  connect: (session, tools) => connect(deps, session, tools),
})

function connect(deps: ClaudeDeps, session: Session, tools: DriverTools): Connection {
  const record = openAttempts(tools.runDir, session)
  const wire: ClaudeWire = {
    deps: deps,
    session,
    tools,
    settings: parseClaude(session.settings),
    record,
    open: record.read(),
    current: false,
  }
  return {
    state: async () => {
      const sight = await look(wire)
      if (sight.kind !== 'open') return sight
      const readiness = readinessOf(sight.entry)
      return readiness.kind === 'idle' && wire.current
        ? { kind: 'busy', why: 'a message is on its way' }
        : readiness
    },
    inject: (message, signal) => speak(wire, message, signal),
    turn: (message, signal, on) => speak(wire, message, signal, on),
    skills: () => listSkills(skillPlace(wire, homedir())),
    recall: (deliveryId) => recall(wire, deliveryId),
    end: () => record.clear(),
    close: async () => {},
  }
}

async function recall(wire: ClaudeWire, deliveryId: DeliveryId): Promise<Outcome | undefined> {
  const attempt = await wire.open
  if (attempt?.deliveryId !== deliveryId) return undefined
  const outcome = recalled(await fateOf(wire, attempt), attempt)
  if (outcome?.kind !== 'busy') wire.open = Promise.resolve(undefined)
  return outcome
}

async function discover({ env, userHome, reached }: DiscoveryPlace): Promise<readonly Discovered[]> {
  const standard = configDirOf(env, userHome)
  const known = new Set(reached.map(processOf))
  const fresh = (await liveEntries(standard)).filter(
    ({ process, socket }) => socket !== undefined && !known.has(JSON.stringify(process)),
  )
  return fresh.map(({ pid, cwd, status }) => ({
    what: `Claude Code in ${cwd}, pid ${pid}, ${status}`,
    live: true,
    id: 'claude',
    add: ['--driver', 'claude', '--set', `pid=${pid}`],
  }))
}

const processOf = ({ process }: DriverSettings): string => JSON.stringify(process)
