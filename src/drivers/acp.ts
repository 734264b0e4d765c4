import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import type { DeliveryId } from '../domain/delivery.ts'
import type { Connection, Driver, DriverTools, Outgoing, Readiness } from '../domain/driver.ts'
import { reasonOf } from '../domain/error.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Session } from '../domain/session.ts'
import { type Started, startAgent } from './acp/agent.ts'
import { openRecord } from './acp/record.ts'
import { prepareAcp } from './acp/settings.ts'
import { injected, speak } from './acp/speak.ts'
import { type AcpNeeds, type AcpWire, skillPlace } from './acp/wire.ts'
import { agentEnv } from './process.ts'
import { listSkills } from './skills.ts'

/**
 * An agent that speaks the Agent Client Protocol on its standard input and output. Its process is ours: started at the
 * first message, kept between turns, started again with the same conversation after it died or the server did.
 */
export const acpDriver = (needs: AcpNeeds): Driver => ({
  kind: 'acp',
  summary:
    'starts and keeps an ACP agent (opencode acp, gemini --acp, qwen --acp, pi-acp, claude-agent-acp, codex-acp)',
  delivery: 'push',
  prepare: async (settings, { cwd }) => ({ ...prepareAcp(settings, cwd) }),
  connect: (session, tools) => connect(needs, session, tools),
})

function connect(needs: AcpNeeds, session: Session, tools: DriverTools): Connection {
  const record = openRecord(tools.runDir, session)
  const wire: AcpWire = {
    needs,
    session,
    tools,
    record,
    ending: new AbortController(),
    left: record.left(),
    settings: prepareAcp(session.settings, '/'),
    claim: undefined,
    agent: undefined,
    starting: undefined,
    turn: undefined,
    ready: () => ready(wire),
  }
  // What a killed server left must not go on beside us, even if nobody knocks.
  const swept = wire.left.then(() => record.sweep()).catch((thrown) => warn(wire, 'acp.sweep_failed', thrown))
  return {
    state: async () => stateOf(wire),
    inject: (message: Outgoing, signal) => injected(wire, message, signal),
    turn: (message, signal, on) => speak(wire, message, signal, { ...on, waits: true }),
    skills: (signal) => skillsOf(wire, signal),
    recall: async (deliveryId) => {
      await swept
      return recall(wire, deliveryId)
    },
    end: () => end(wire),
    close: () => close(wire),
  }
}

function stateOf(wire: AcpWire): Readiness {
  if (wire.ending.signal.aborted) return { kind: 'ended' }
  const why = wire.turn?.blocked()
  if (why !== undefined) return { kind: 'blocked', why }
  return wire.claim ? { kind: 'busy', why: 'a turn runs' } : { kind: 'idle' }
}

/** The running agent, or a new one; all who ask meanwhile wait for the same. */
function ready(wire: AcpWire): Promise<Started> {
  const { agent } = wire
  if (agent?.running()) return Promise.resolve({ kind: 'agent', agent })
  wire.starting ??= start(wire).finally(() => {
    wire.starting = undefined
  })
  return wire.starting
}

async function start(wire: AcpWire): Promise<Started> {
  const { needs, session, settings, record, ending } = wire
  await wire.left
  await record.sweep()
  const mark = randomUUID()
  const own = { ...settings.env, POSTERN_SESSION: session.id, POSTERN_AGENT: mark }
  const started = await startAgent(
    {
      command: settings.command,
      cwd: settings.cwd,
      env: agentEnv(needs.env, own),
      sessionId: settings.acpSessionId,
      started: (pid) => record.started(pid, mark),
    },
    ending.signal,
  )
  if (started.kind === 'agent') await welcome(wire, started)
  return started
}

async function welcome(wire: AcpWire, { agent }: Extract<Started, { kind: 'agent' }>): Promise<void> {
  wire.agent = agent
  if (agent.sessionId === wire.settings.acpSessionId) return
  const { tools, session, settings } = wire
  if (agent.lost) {
    const { acpSessionId: lost } = settings
    tools.log('warn', 'acp.conversation_lost', { session: session.id, lost, began: agent.sessionId })
  }
  wire.settings = { ...settings, acpSessionId: agent.sessionId }
  try {
    await tools.remember({ ...wire.settings })
  } catch (thrown) {
    warn(wire, 'acp.remember_failed', thrown)
  }
}

const warn = ({ tools, session }: AcpWire, event: string, thrown: unknown): void =>
  tools.log('warn', event, { session: session.id, why: reasonOf(thrown) })

/** The agent's own word where it gives it, which it only does once it runs; else what lies in its folders. */
async function skillsOf(wire: AcpWire, signal: AbortSignal): Promise<readonly string[]> {
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
    if (signal.aborted) resolve(undefined)
  })
  const started = await Promise.race([ready(wire), aborted])
  const told = started?.kind === 'agent' ? await started.agent.commands() : undefined
  return told ?? listSkills(skillPlace(wire, homedir()))
}

async function recall(wire: AcpWire, deliveryId: DeliveryId): Promise<Outcome | undefined> {
  const taken = await wire.left
  if (taken?.deliveryId !== deliveryId) return undefined
  wire.left = Promise.resolve(undefined)
  return taken.turn
    ? { kind: 'unknown', why: 'the server was stopped while its turn ran', accepted: true }
    : { kind: 'taken', evidence: 'ack' }
}

async function end(wire: AcpWire): Promise<void> {
  wire.ending.abort()
  await wire.starting
  await wire.agent?.end()
  await wire.record.end()
}

/** What still runs gets this long before its turn is cancelled, and again before its process is ended. */
const closeMs = 3000

/** Its pipes end with us, so the agent goes as well; the next server resumes its conversation. */
async function close(wire: AcpWire): Promise<void> {
  await wire.starting
  const { agent, turn } = wire
  if (!agent) return
  if (turn && !(await within(turn.over, closeMs))) {
    turn.cancel()
    await within(turn.over, closeMs)
  }
  await agent.end()
  await wire.record.end()
}

async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const done = await Promise.race([work.then(() => true), late])
  clearTimeout(timer)
  return done
}
