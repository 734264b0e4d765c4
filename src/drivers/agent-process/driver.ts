import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import type { DeliveryId } from '../../domain/delivery.ts'
import type { Connection, Driver, DriverTools, Outgoing } from '../../domain/driver.ts'
import { reasonOf } from '../../domain/error.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Session } from '../../domain/session.ts'
import { whenAborted, within } from '../../wait.ts'
import { listSkills } from '../agents/skills.ts'
import { agentEnv, ownVariables } from '../process/environment.ts'
import { noPlace } from '../starts.ts'
import type { Started } from './agent.ts'
import { openAgentJournal } from './journal.ts'
import {
  areSkills,
  type Opening,
  type OwnedDeps,
  type OwnedKind,
  type OwnedSettings,
  skillPlace,
} from './opening.ts'
import { checkedState, stateOf } from './readiness.ts'
import { recover } from './recovery.ts'
import { inject, runTurn } from './send.ts'

/**
 * An agent with a protocol on its standard input and output. Its process is ours: started at the first message, kept between
 * turns, started again with the same conversation after it died or the server did.
 * To read on: opening and agent (the contract with a protocol's driver), send, questions, answer; recovery and journal for a
 * crash; child, lines, requests, rpc (what protocols are made of); readiness.
 */
export const ownedDriver = <S extends OwnedSettings>(deps: OwnedDeps, kind: OwnedKind<S>): Driver => ({
  kind: kind.kind,
  summary: kind.summary,
  delivery: 'push',
  prepare: async (settings, { cwd }) => kind.stored(kind.parse(settings, cwd)),
  ...(kind.discover && { discover: kind.discover }),
  connect: (session, tools) => connect(deps, kind, session, tools),
})

function connect<S extends OwnedSettings>(
  deps: OwnedDeps,
  kind: OwnedKind<S>,
  session: Session,
  tools: DriverTools,
): Connection {
  const journal = openAgentJournal(tools.runDir, kind.kind, session)
  const settings = kind.parse(session.settings, '/')
  const opening: Opening<S> = {
    kind: kind.kind,
    foreign: kind.foreign?.(settings) ?? false,
    deps: deps,
    session,
    tools,
    journal,
    ending: new AbortController(),
    left: journal.left(),
    settings,
    claim: undefined,
    agent: undefined,
    starting: undefined,
    turn: undefined,
    ready: (since = tools.now()) => ready(opening, kind, since),
  }
  // An agent that a killed server left must not go on beside this one, even before the first message.
  const swept = opening.left
    .then(() => journal.sweep())
    .catch((thrown) => warn(opening, 'sweep_failed', thrown))
  return {
    state: (signal) => stateOf(opening, signal),
    check: (signal) => checkedState(opening, signal),
    inject: (message: Outgoing, signal) => inject(opening, message, signal),
    turn: (message, signal, on) => runTurn(opening, message, signal, { ...on, waits: true }),
    ...(!opening.foreign && {
      turnOver: async () => {
        await opening.claim?.free
      },
    }),
    skills: (signal) => skillsOf(opening, signal),
    recall: async (deliveryId) => {
      await swept
      return recall(opening, kind.recovers ?? false, deliveryId)
    },
    ...(!opening.foreign && { cancelTurn: () => cancelTurn(opening) }),
    end: () => end(opening),
    close: () => close(opening),
  }
}

/** The running agent, or a new one; all who ask meanwhile wait for the same. */
function ready<S extends OwnedSettings>(
  opening: Opening<S>,
  kind: OwnedKind<S>,
  since: number,
): Promise<Started> {
  const { agent } = opening
  if (agent?.running()) return Promise.resolve({ kind: 'agent', agent })
  opening.starting ??= startInTurn(opening, kind, since).finally(() => {
    opening.starting = undefined
  })
  return opening.starting
}

async function startInTurn<S extends OwnedSettings>(
  opening: Opening<S>,
  kind: OwnedKind<S>,
  since: number,
): Promise<Started> {
  const { tools, ending, foreign } = opening
  if (foreign || !tools.starts) return start(opening, kind)
  const up = await tools.starts(since, ending.signal)
  if (!up) return ending.signal.aborted ? { kind: 'ended' } : noPlace
  return start(opening, kind).finally(up)
}

async function start<S extends OwnedSettings>(opening: Opening<S>, kind: OwnedKind<S>): Promise<Started> {
  const { deps, session, settings, journal, ending, tools } = opening
  await opening.left
  await journal.sweep()
  const mark = randomUUID()
  const own = { ...settings.env, ...(await ownVariables(session, tools)), POSTERN_AGENT: mark }
  const order = {
    command: settings.command,
    cwd: settings.cwd,
    env: agentEnv(deps.env, own, deps.secretVariables?.()),
    conversation: settings.conversation,
    started: (pid: number) => journal.started(pid, mark),
  }
  const started = await kind.start(order, settings, ending.signal)
  if (started.kind === 'agent') await adopt(opening, kind, started)
  return started
}

async function adopt<S extends OwnedSettings>(
  opening: Opening<S>,
  kind: OwnedKind<S>,
  { agent }: Extract<Started, { kind: 'agent' }>,
): Promise<void> {
  opening.agent = agent
  const { tools, session, settings } = opening
  const { conversation } = agent
  if (agent.lost) {
    const { conversation: lost } = settings
    tools.log('warn', `${opening.kind}.conversation_lost`, { session: session.id, lost, began: conversation })
  }
  if (conversation === settings.conversation) return
  opening.settings = { ...settings, conversation }
  try {
    await tools.remember(kind.stored(opening.settings))
  } catch (thrown) {
    warn(opening, 'remember_failed', thrown)
  }
}

const warn = ({ kind, tools, session }: Opening, event: string, thrown: unknown): void =>
  tools.log('warn', `${kind}.${event}`, { session: session.id, why: reasonOf(thrown) })

/** What a running agent names; else, and where it names other commands as well, what lies in its folders. */
async function skillsOf(opening: Opening, signal: AbortSignal): Promise<readonly string[]> {
  const aborted = whenAborted(signal)
  const started = await Promise.race([opening.ready(), aborted.promise])
  aborted.disarm()
  const named = started?.kind === 'agent' ? await started.agent.commands() : undefined
  return named && areSkills(opening, named) ? named.names : listSkills(skillPlace(opening, homedir()))
}

async function recall(
  opening: Opening,
  rejoins: boolean,
  deliveryId: DeliveryId,
): Promise<Outcome | undefined> {
  const taken = await opening.left
  const ours = taken?.deliveryId === deliveryId
  if (ours) opening.left = Promise.resolve(undefined)
  if (ours && !taken.turn && !taken.given) return { kind: 'taken', evidence: 'ack' }
  if (rejoins) return recover(opening, deliveryId)
  return ours
    ? { kind: 'unknown', why: 'the server was stopped while its turn ran', accepted: true }
    : undefined
}

async function cancelTurn({ turn, deps }: Opening): Promise<boolean> {
  if (!turn) return false
  turn.cancel(true)
  return within(turn.over, deps.cancelMs ?? cancelMs)
}

/** How long an agent may take to end a turn that was cancelled. */
const cancelMs = 5000

async function end(opening: Opening): Promise<void> {
  opening.ending.abort()
  await opening.starting
  await opening.agent?.end()
  await opening.journal.end()
}

/** What still runs gets this long before its turn is cancelled, and again before its process is ended. */
const closeMs = 3000

/** An agent's pipes end with this process, so the agent is ended; the next server resumes its conversation. */
async function close(opening: Opening): Promise<void> {
  await opening.starting
  const { agent, turn } = opening
  if (!agent) return
  if (opening.foreign) return agent.end()
  if (turn && !(await within(turn.over, closeMs))) {
    turn.cancel(true)
    await within(turn.over, closeMs)
  }
  await agent.end()
  await opening.journal.end()
}
