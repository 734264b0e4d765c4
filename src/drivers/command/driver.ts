import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import type { DeliveryId } from '../../domain/delivery.ts'
import type { Connection, Driver, DriverTools, Outgoing, Readiness, TurnEvents } from '../../domain/driver.ts'
import { reasonOf } from '../../domain/error.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Session } from '../../domain/session.ts'
import { installed, programOnPath } from '../agents/installed.ts'
import { agentKinds } from '../agents/kinds.ts'
import { escapeMentions } from '../agents/mentions.ts'
import { listSkills, noSkill, type SkillPlace, withSkill } from '../agents/skills.ts'
import { maxAnswerBytes } from '../answer.ts'
import type { DriverDeps } from '../deps.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { agentEnv, ownVariables } from '../process/environment.ts'
import { isFolder } from '../process/process.ts'
import { noPlace } from '../starts.ts'
import { openRunJournal, type RunJournal } from './journal.ts'
import { judge } from './outcome.ts'
import { type Conversation, isLostConversation, presets } from './presets.ts'
import { type Finished, type Order, run } from './run.ts'
import { type CommandSettings, prepareCommand } from './settings.ts'

/**
 * One process a message: the message on its standard input, exit 0 = done, 75 = try later (EX_TEMPFAIL), other =
 * failed, standard output = the answer. It counts as accepted when the process is over, so a run that was cut off by a
 * crash or a stop is made again, after what is left of it was ended.
 */
export const commandDriver = (deps: DriverDeps): Driver => ({
  kind: 'command',
  summary: 'runs a program for each message (presets: claude, codex, gemini, opencode, pi, qwen)',
  delivery: 'push',
  prepare: async (settings, { cwd }) => ({ ...prepareCommand(settings, cwd) }),
  discover: (place) => installed(place, runnables),
  connect: (session, tools) => connect(deps, session, tools),
})

const runnables = agentKinds.map((preset) => ({
  program: preset,
  how: 'a process for each message',
  way: 'process' as const,
  id: preset,
  add: ['--driver', 'command', '--preset', preset],
}))

/** A preset's answer is somewhere in what the agent writes about its whole turn. */
const maxReportBytes = 16_777_216

/** One opening of a session, and what goes on in it. */
interface Opening {
  readonly deps: DriverDeps
  readonly session: Session
  readonly tools: DriverTools
  readonly journal: RunJournal
  readonly ending: AbortController
  settings: CommandSettings
  running: boolean
}

function connect(deps: DriverDeps, session: Session, tools: DriverTools): Connection {
  const opening: Opening = {
    deps,
    session,
    tools,
    journal: openRunJournal(tools.runDir, session),
    ending: new AbortController(),
    settings: prepareCommand(session.settings, '/'),
    running: false,
  }
  return {
    state: async () =>
      opening.running || (await opening.journal.isRunning()) ? { kind: 'busy', why: runs } : { kind: 'idle' },
    check: () => check(opening),
    inject: async (message, signal) =>
      takenIfCompleted(await oneAtATime(opening, runs, () => runOnce(opening, message, signal, undefined))),
    turn: (message, signal, on) => oneAtATime(opening, runs, () => runOnce(opening, message, signal, on)),
    skills: () => listSkills(skillPlace(opening)),
    injectIsTurn: true,
    recall: (deliveryId) => recall(opening, deliveryId),
    end: async () => {
      opening.ending.abort()
      await opening.journal.sweep()
    },
    close: async () => {},
  }
}

/** A command may run once more; an agent has the message in its conversation, and would get it there a second time. */
async function recall(opening: Opening, deliveryId: DeliveryId): Promise<Outcome | undefined> {
  if (opening.running) return undefined
  const left = await opening.journal.sweep()
  if (left !== deliveryId || opening.settings.preset === undefined) return undefined
  return { kind: 'unknown', why: 'the server was stopped while its agent ran', accepted: true }
}

const runs = 'a command runs'

/** Nothing is run for a look: a program may cost money each time. */
async function check({ deps, settings }: Opening): Promise<Readiness> {
  const [program = ''] = settings.command
  if (!(await isFolder(settings.cwd))) return { kind: 'offline', why: `there is no folder ${settings.cwd}` }
  const env = agentEnv(deps.env, settings.env ?? {}, deps.secretVariables?.())
  const path = await programOnPath({ env, cwd: settings.cwd }, program)
  return path === undefined ? { kind: 'offline', why: `there is no program ${program}` } : { kind: 'idle' }
}

const skillPlace = ({ deps, settings }: Opening): SkillPlace => ({
  agent: settings.preset,
  cwd: settings.cwd,
  home: settings.env?.HOME ?? deps.env.HOME ?? homedir(),
  dirs: deps.skillDirs(),
})

function takenIfCompleted(outcome: Outcome): Outcome {
  if (outcome.kind !== 'completed') return outcome
  return { kind: 'taken', evidence: 'ack', ...(outcome.answer !== undefined && { answer: outcome.answer }) }
}

async function runOnce(
  opening: Opening,
  message: Outgoing,
  signal: AbortSignal,
  on: TurnEvents | undefined,
): Promise<Outcome> {
  const input = await inputFor(opening, message)
  if (input === undefined) return noSkill(message.skill)
  await opening.journal.sweep()
  if (signal.aborted) return { kind: 'released', why: 'let go before the command was started' }
  const conversation = conversationOf(opening.settings)
  const cut = AbortSignal.any([signal, opening.ending.signal])
  const up = await startOf(opening, message, cut)
  if (!up) return cut.aborted ? { kind: 'released', why: 'let go before the command was started' } : noPlace
  const variables = await ownVariables(opening.session, opening.tools)
  const order = { ...orderFor(opening, message, { input, variables }, conversation, on), reacts: up }
  const finished = await run(order, cut).finally(up)
  await opening.journal.clear()
  return conclude(opening, finished, conversation, on)
}

/** A program that says nothing counts as up after this time. Milliseconds. */
const quietStartMs = 3000

async function startOf(
  { tools }: Opening,
  { since = tools.now() }: Outgoing,
  signal: AbortSignal,
): Promise<(() => void) | undefined> {
  const up = tools.starts ? await tools.starts(since, signal) : () => {}
  if (!up) return undefined
  const timer = setTimeout(up, quietStartMs)
  return () => {
    clearTimeout(timer)
    up()
  }
}

async function inputFor(opening: Opening, { skill, text }: Outgoing): Promise<string | undefined> {
  const place = skillPlace(opening)
  const escaped = await escapeMentions(place, text)
  return skill === undefined ? escaped : withSkill(place, skill, escaped)
}

const conversationOf = ({ conversation }: CommandSettings): Conversation =>
  conversation === undefined ? { id: randomUUID(), resumed: false } : { id: conversation, resumed: true }

function orderFor(
  opening: Opening,
  { deliveryId }: Outgoing,
  { input, variables }: { readonly input: string; readonly variables: Readonly<Record<string, string>> },
  conversation: Conversation,
  on: TurnEvents | undefined,
): Order {
  const { deps, settings, tools, journal } = opening
  const preset = settings.preset && presets[settings.preset]
  const own = {
    ...preset?.env,
    ...settings.env,
    ...variables,
    POSTERN_DELIVERY_ID: deliveryId,
  }
  return {
    command: [...settings.command, ...(preset?.args(conversation) ?? [])],
    cwd: settings.cwd,
    env: agentEnv(deps.env, own, deps.secretVariables?.()),
    input,
    maxOutputBytes: preset ? maxReportBytes : maxAnswerBytes,
    ...(settings.timeoutMs !== undefined && { timeoutMs: settings.timeoutMs }),
    started: async (pid) => {
      await journal.write(deliveryId, pid)
      on?.progress({ at: tools.now(), kind: 'turn_started', detail: `pid ${pid}` })
    },
  }
}

async function conclude(
  opening: Opening,
  finished: Finished,
  conversation: Conversation,
  on: TurnEvents | undefined,
): Promise<Outcome> {
  const { settings } = opening
  if (opening.ending.signal.aborted && finished.cut)
    return { kind: 'ended', why: 'it was ended while it ran' }
  const { outcome, conversation: next } = judge(finished, settings.preset, settings.timeoutMs, conversation)
  if (conversation.resumed && outcome.kind === 'turn_failed' && isLostConversation(outcome.detail)) {
    await remember(opening, undefined)
    return { kind: 'failed', why: `${outcome.detail}; the next try begins anew`, retry: true }
  }
  if (next !== undefined && next !== settings.conversation) await remember(opening, next)
  if (outcome.kind === 'completed' || outcome.kind === 'turn_failed') await accepted(opening, on)
  return outcome
}

async function remember(opening: Opening, conversation: string | undefined): Promise<void> {
  const { conversation: _before, ...rest } = opening.settings
  opening.settings = conversation === undefined ? rest : { ...rest, conversation }
  try {
    await opening.tools.remember({ ...opening.settings })
  } catch (thrown) {
    opening.tools.log('warn', 'command.remember_failed', {
      session: opening.session.id,
      why: reasonOf(thrown),
    })
  }
}

/** The turn is over; a note that cannot be kept now must not make it look otherwise. */
async function accepted(opening: Opening, on: TurnEvents | undefined): Promise<void> {
  try {
    await on?.accepted()
  } catch (thrown) {
    opening.tools.log('warn', 'command.accept_failed', { session: opening.session.id, why: reasonOf(thrown) })
  }
}
