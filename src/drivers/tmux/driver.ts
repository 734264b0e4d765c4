import { homedir } from 'node:os'
import type { DeliveryId } from '../../domain/delivery.ts'
import type { Connection, Driver, DriverTools, Outgoing, Readiness, TurnEvents } from '../../domain/driver.ts'
import { reasonOf } from '../../domain/error.ts'
import type { Evidence, Outcome } from '../../domain/outcome.ts'
import type { Session } from '../../domain/session.ts'
import { type HookEventReader, openHookEvents } from '../agent-hooks/event-file.ts'
import { agentInFront } from '../agents/foreground.ts'
import { isAgentKind } from '../agents/kinds.ts'
import { escapeMentions, hasMention } from '../agents/mentions.ts'
import { listSkills, type SkillPlace, withSkill } from '../agents/skills.ts'
import type { DriverDeps } from '../deps.ts'
import { typingRules } from '../terminal/keystrokes.ts'
import type { Surface } from '../terminal/surface.ts'
import { createTypist, type Typist } from '../terminal/typing.ts'
import { openTmux } from './call.ts'
import { discoverPanes } from './discover.ts'
import { type EnterJournal, openEnterJournal } from './journal.ts'
import { lookAt } from './pane.ts'
import { identifyPane, parseGiven, parseSettings, serverOptions, type TmuxSettings } from './settings.ts'
import { openPane } from './surface.ts'

/** Types into a pane that a person uses too. The agent is theirs: this driver never starts or ends it. */
export const tmuxDriver = (deps: DriverDeps): Driver => ({
  kind: 'tmux',
  summary: 'types into a tmux pane, after looking that nothing is in the way',
  delivery: 'push',
  prepare: async (settings) => {
    const given = parseGiven(settings)
    const server = serverOptions(given.socket, deps.env.TMUX)
    return { ...(await identifyPane(openTmux(server, deps.env, noSignal), given)) }
  },
  discover: discoverPanes,
  connect: (session, tools) => connect(deps, session, tools),
})

const noSignal = (): undefined => undefined

interface SessionState {
  readonly deps: DriverDeps
  readonly session: Session
  readonly tools: DriverTools
  readonly pane: TmuxSettings
  readonly surface: Surface
  readonly typist: Typist
  readonly hooks: HookEventReader
  readonly journal: EnterJournal
  /** The signal of the message on its way. */
  current: AbortSignal | undefined
  typing: DeliveryId | undefined
}

function connect(deps: DriverDeps, session: Session, tools: DriverTools): Connection {
  const state = openState(deps, session, tools)
  return {
    state: (signal) => readiness(state, signal),
    inject: (message, signal) => alone(state, signal, () => type(state, message, signal)),
    turn: (message, signal, on) => alone(state, signal, () => turn(state, message, signal, on)),
    skills: async (signal) => listSkills(await skillPlace(state, signal)),
    recall: (deliveryId) => state.journal.recall(deliveryId),
    end: async () => {
      await state.journal.forget()
      await state.hooks.forget()
    },
    close: async () => {},
  }
}

function openState(deps: DriverDeps, session: Session, tools: DriverTools): SessionState {
  const pane = parseSettings(session.settings)
  const tmux = openTmux(['-S', pane.socket], deps.env, () => state.current)
  const journal = openEnterJournal(tools.runDir, session)
  const surface = notingEnter(openPane(tmux, pane), async () => {
    if (state.typing) await journal.note(state.typing)
  })
  const hooks = openHookEvents(tools.runDir, session, pane.paneId)
  const typist = createTypist(surface, typingRules(process.platform, pane.multiline), hooks)
  const state: SessionState = {
    ...{ deps, session, tools, pane, surface, typist, hooks, journal },
    ...{ current: undefined, typing: undefined },
  }
  return state
}

/** A journal that cannot be written must not keep a message from its agent. */
const notingEnter = (surface: Surface, note: () => Promise<void>): Surface => ({
  ...surface,
  press: async (keys) => {
    if (keys === '\r') await note().catch(() => {})
    return surface.press(keys)
  },
})

/** Long enough to see whether the screen moves. */
const watchMs = 1300

async function readiness(state: SessionState, signal: AbortSignal): Promise<Readiness> {
  if (state.current) return { kind: 'busy', why: typingNow }
  const seen = await state.surface.look()
  if (seen.kind !== 'screen') return seen
  if (seen.quietMs < watchMs) await state.surface.pause(watchMs, signal)
  return state.typist.readiness()
}

const typingNow = 'a message is being typed'

async function alone(
  state: SessionState,
  signal: AbortSignal,
  act: () => Promise<Outcome>,
): Promise<Outcome> {
  if (state.current) return { kind: 'busy', why: typingNow }
  state.current = signal
  try {
    return await act()
  } finally {
    state.current = undefined
  }
}

async function type(
  state: SessionState,
  { deliveryId, text, skill }: Outgoing,
  signal: AbortSignal,
): Promise<Outcome> {
  if (signal.aborted) return { kind: 'released', why: 'let go before it was typed' }
  const message = await inputFor(state, { text, skill }, signal)
  if (message === undefined)
    return { kind: 'failed', why: `it has no skill "${skill}"`, retry: false, skill: true }
  state.typing = deliveryId
  const outcome = await state.typist.type(message, signal)
  if (outcome.kind !== 'taken' && outcome.kind !== 'unknown') await state.journal.forget().catch(() => {})
  return outcome
}

async function inputFor(
  state: SessionState,
  { text, skill }: Pick<Outgoing, 'text'> & { readonly skill: string | undefined },
  signal: AbortSignal,
): Promise<string | undefined> {
  if (skill === undefined && !hasMention(text)) return text
  const place = await skillPlace(state, signal)
  const escaped = await escapeMentions(place, text)
  return skill === undefined ? escaped : withSkill(place, skill, escaped)
}

async function turn(
  state: SessionState,
  message: Outgoing,
  signal: AbortSignal,
  on: TurnEvents,
): Promise<Outcome> {
  const outcome = await type(state, message, signal)
  if (outcome.kind !== 'taken') return outcome
  await reportAccepted(state, on, outcome.evidence)
  on.progress({ at: state.tools.now(), kind: 'turn_started' })
  const onPermission = (what: string) =>
    on.progress({ at: state.tools.now(), kind: 'held', detail: `blocked: ${what}` })
  return state.typist.rest(signal, onPermission)
}

/** The agent has the message; an acceptance that cannot be stored now must not make it look otherwise. */
async function reportAccepted(state: SessionState, on: TurnEvents, evidence: Evidence): Promise<void> {
  try {
    await on.accepted(evidence)
  } catch (thrown) {
    state.tools.log('warn', 'tmux.accept_failed', { session: state.session.id, why: reasonOf(thrown) })
  }
}

/** A pane outlives the program in it, so the agent is looked up each time. */
async function skillPlace(state: SessionState, signal: AbortSignal): Promise<SkillPlace> {
  const { pane, deps } = state
  const tmux = openTmux(['-S', pane.socket], deps.env, () => signal)
  const view = await lookAt(tmux, pane)
  const program = view.kind === 'view' ? view.program : ''
  return {
    agent: pane.agent ?? (isAgentKind(program) ? program : await agentInFront(pane.panePid)),
    cwd: pane.cwd,
    home: deps.env.HOME ?? homedir(),
    dirs: deps.skillDirs(),
  }
}
