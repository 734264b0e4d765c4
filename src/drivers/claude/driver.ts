import { homedir } from 'node:os'
import type { DeliveryId } from '../../domain/delivery.ts'
import type {
  Connection,
  Discovered,
  DiscoveryPlace,
  Driver,
  DriverTools,
  ProcessIdentity,
} from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { DriverSettings, Session } from '../../domain/session.ts'
import { listSkills } from '../agents/skills.ts'
import type { DriverDeps } from '../deps.ts'
import { isRunning } from '../process/process.ts'
import { openAttempts } from './journal.ts'
import { look, type Opening, placeOf, readinessOf } from './opening.ts'
import { outcomeOf, recover } from './recovery.ts'
import { liveEntries } from './registry.ts'
import { send } from './send.ts'
import { type ClaudeSettings, configDirOf, findClaude, parseClaude, successorOf } from './settings.ts'

/**
 * A Claude Code that a person has open, through its inbox and without typing: its registry shows its state, its
 * transcript what became of a message. The agent is theirs: this driver never starts, interrupts or ends it.
 * To read on: settings, registry, opening; send, inbox, follow, turn-log, transcript; recovery after a crash.
 */
export const claudeDriver = (deps: DriverDeps): Driver => ({
  kind: 'claude',
  summary: 'writes to the inbox of a Claude Code that is open (2.1.224 or later)',
  delivery: 'push',
  prepare: async (settings, { cwd }) => ({
    ...(await findClaude(settings, cwd, configDirOf(deps.env, homedir()))),
  }),
  discover,
  carries,
  connect: (session, tools) => connect(deps, session, tools),
})

function connect(deps: DriverDeps, session: Session, tools: DriverTools): Connection {
  const record = openAttempts(tools.runDir, session)
  const opening: Opening = {
    deps,
    session,
    tools,
    settings: parseClaude(session.settings),
    journal: record,
    pending: record.read(),
    busy: false,
  }
  return {
    state: async () => {
      const presence = await look(opening)
      if (presence.kind !== 'open') return presence
      const readiness = await readinessOf(opening, presence.entry)
      return readiness.kind === 'idle' && opening.busy
        ? { kind: 'busy', why: 'a message is on its way' }
        : readiness
    },
    inject: (message, signal) => send(opening, message, signal),
    turn: (message, signal, on) => send(opening, message, signal, on),
    skills: () => listSkills(placeOf(opening)),
    recall: (deliveryId) => recall(opening, deliveryId),
    end: () => record.clear(),
    close: async () => {},
  }
}

async function recall(opening: Opening, deliveryId: DeliveryId): Promise<Outcome | undefined> {
  const attempt = await opening.pending
  if (attempt?.deliveryId !== deliveryId) return undefined
  const outcome = outcomeOf(await recover(opening, attempt), attempt)
  if (outcome?.kind !== 'busy') opening.pending = Promise.resolve(undefined)
  return outcome
}

async function discover({ env, userHome, reached }: DiscoveryPlace): Promise<readonly Discovered[]> {
  const standard = configDirOf(env, userHome)
  const known = new Set(reached.map(processOf))
  const live = await liveEntries(standard)
  const fresh = live.filter(
    ({ process, socket }) => socket !== undefined && !known.has(JSON.stringify(process)),
  )
  const isAlone = (cwd: string) => live.filter((entry) => entry.cwd === cwd).length === 1
  return fresh.map(({ pid, cwd, status }) => ({
    what: `Claude Code in ${cwd}, pid ${pid}, ${status}`,
    live: true,
    way: 'own',
    id: 'claude',
    add: ['--driver', 'claude', ...(isAlone(cwd) ? ['--cwd', cwd] : ['--set', `pid=${pid}`])],
  }))
}

/** Its own process, or that of the Claude Code that was opened in its place. */
async function carries({ settings }: Session, { pid, start }: ProcessIdentity): Promise<boolean> {
  const known = parseClaude(settings)
  const isIt = ({ process }: ClaudeSettings) => process.pid === pid && process.start === start
  if (isIt(known)) return true
  if (known.follow === undefined || (await isRunning(known.process))) return false
  const next = await successorOf(known)
  return typeof next !== 'string' && isIt(next)
}

const processOf = ({ process }: DriverSettings): string => JSON.stringify(process)
