import { guardTyped } from '../../domain/command-guard.ts'
import type { DeliveryId } from '../../domain/delivery.ts'
import type { Connection, Driver, DriverTools, Outgoing, Readiness, TurnEvents } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Session } from '../../domain/session.ts'
import { logUnstored } from '../accepted.ts'
import { answersByHooks } from '../agent-hooks/answers.ts'
import { type HookEventReader, openHookEvents } from '../agent-hooks/event-file.ts'
import { agentInFront } from '../agents/foreground.ts'
import { isAgentKind } from '../agents/kinds.ts'
import { escapeMentions, hasMention } from '../agents/mentions.ts'
import { listSkills, noSkill, type SkillPlace, skillPlace, withSkill } from '../agents/skills.ts'
import type { DriverDeps } from '../deps.ts'
import { typingRules } from '../terminal/keystrokes.ts'
import { type Surface, shownIdleMs } from '../terminal/surface.ts'
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
  answers: answersByHooks,
  carries: (session, { pid }) => carries(deps, session, pid),
  discover: discoverPanes,
  connect: (session, tools) => connect(deps, session, tools),
})

/** The pane's pid says it only while that pane is there: tmux itself is asked. */
async function carries(deps: DriverDeps, session: Session, pid: number): Promise<boolean> {
  const pane = parseSettings(session.settings)
  if (pane.panePid !== pid) return false
  return (await lookAt(openTmux(['-S', pane.socket], deps.env, noSignal), pane)).kind === 'view'
}

const noSignal = (): undefined => undefined

interface Opening {
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
  /** The message was taken and its turn is waited for. */
  resting: boolean
}

function connect(deps: DriverDeps, session: Session, tools: DriverTools): Connection {
  const opening = openSession(deps, session, tools)
  const { pane } = opening
  return {
    state: (signal) => readiness(opening, signal),
    inject: (message, signal) => alone(opening, signal, () => type(opening, message, signal)),
    turn: (message, signal, on) => alone(opening, signal, () => turn(opening, message, signal, on)),
    skills: async (signal) => listSkills(await placeOf(opening, signal)),
    recall: (deliveryId) => opening.journal.recall(deliveryId),
    watchScreen: async (show, signal) => {
      // What reads screens is heavy, and most processes show none.
      const { watchPane } = await import('./watch-pane.ts')
      const typing = () => opening.current !== undefined && !opening.resting
      return watchPane(
        { tmux: openTmux(['-S', pane.socket], deps.env, () => signal), pane, typing },
        show,
        signal,
      )
    },
    end: async () => {
      await opening.journal.forget()
      await opening.hooks.forget()
    },
    close: async () => {},
  }
}

function openSession(deps: DriverDeps, session: Session, tools: DriverTools): Opening {
  const pane = parseSettings(session.settings)
  const tmux = openTmux(['-S', pane.socket], deps.env, () => opening.current)
  const journal = openEnterJournal(tools.runDir, session)
  const surface = notingEnter(openPane(tmux, pane), async () => {
    if (opening.typing) await journal.note(opening.typing)
  })
  const hooks = openHookEvents(tools.runDir, session, pane.paneId)
  const typist = createTypist(surface, typingRules(process.platform, pane.multiline), hooks)
  const opening: Opening = {
    ...{ deps, session, tools, pane, surface, typist, hooks, journal },
    ...{ current: undefined, typing: undefined, resting: false },
  }
  return opening
}

/** A journal that cannot be written must not keep a message from its agent. */
const notingEnter = (surface: Surface, note: () => Promise<void>): Surface => ({
  ...surface,
  press: async (keys, onto) => {
    if (keys === '\r') await note().catch(() => {})
    return surface.press(keys, onto)
  },
})

/** Long enough to see whether the screen moves, and short enough for a list of many sessions. */
const watchMs = shownIdleMs + 50

async function readiness(opening: Opening, signal: AbortSignal): Promise<Readiness> {
  if (opening.current && !opening.resting) return { kind: 'busy', why: typingNow }
  const seen = await opening.surface.look()
  if (seen.kind !== 'screen') return seen
  if (seen.quietMs < watchMs) await opening.surface.pause(watchMs, signal)
  const shown = await opening.typist.readiness(shownIdleMs)
  return shown.kind === 'idle' && opening.resting ? { kind: 'busy', why: 'a turn runs' } : shown
}

const typingNow = 'a message is being typed'

async function alone(opening: Opening, signal: AbortSignal, act: () => Promise<Outcome>): Promise<Outcome> {
  if (opening.current) return { kind: 'busy', why: typingNow }
  opening.current = signal
  try {
    return await act()
  } finally {
    opening.current = undefined
  }
}

async function type(
  opening: Opening,
  { deliveryId, text, skill }: Outgoing,
  signal: AbortSignal,
): Promise<Outcome> {
  if (signal.aborted) return { kind: 'released', why: 'let go before it was typed' }
  const message = await inputFor(opening, { text, skill }, signal)
  if (message === undefined) return noSkill(skill)
  opening.typing = deliveryId
  const outcome = await opening.typist.type(message, signal)
  if (outcome.kind !== 'taken' && outcome.kind !== 'unknown') await opening.journal.forget().catch(() => {})
  return outcome
}

async function inputFor(
  opening: Opening,
  { text: given, skill }: Pick<Outgoing, 'text'> & { readonly skill: string | undefined },
  signal: AbortSignal,
): Promise<string | undefined> {
  const text = guardTyped(given)
  if (skill === undefined && !hasMention(text)) return text
  const place = await placeOf(opening, signal)
  const escaped = await escapeMentions(place, text)
  return skill === undefined ? escaped : withSkill(place, skill, escaped)
}

async function turn(
  opening: Opening,
  message: Outgoing,
  signal: AbortSignal,
  on: TurnEvents,
): Promise<Outcome> {
  const outcome = await type(opening, message, signal)
  if (outcome.kind !== 'taken') return outcome
  await logUnstored(on.accepted(outcome.evidence), opening)
  on.progress({ at: opening.tools.now(), kind: 'turn_started' })
  const onPermission = (what: string) =>
    on.progress({ at: opening.tools.now(), kind: 'held', detail: `blocked: ${what}` })
  opening.resting = true
  try {
    return await opening.typist.rest(signal, onPermission)
  } finally {
    opening.resting = false
  }
}

/** A pane outlives the program in it, so the agent is looked up each time. */
async function placeOf(opening: Opening, signal: AbortSignal): Promise<SkillPlace> {
  const { pane, deps } = opening
  const tmux = openTmux(['-S', pane.socket], deps.env, () => signal)
  const view = await lookAt(tmux, pane)
  const program = view.kind === 'view' ? view.program : ''
  const agent = pane.agent ?? (isAgentKind(program) ? program : await agentInFront(pane.panePid))
  return skillPlace(deps, agent, pane.cwd)
}
