import { homedir } from 'node:os'
import type { DeliveryId } from '../../domain/delivery.ts'
import type { Connection, Driver, DriverTools, Outgoing, Readiness, TurnEvents } from '../../domain/driver.ts'
import { reasonOf } from '../../domain/error.ts'
import type { Evidence, Outcome } from '../../domain/outcome.ts'
import type { Session } from '../../domain/session.ts'
import { type HookEventReader, openHookEvents } from '../agent-hooks/event-file.ts'
import { agentInFront } from '../agents/foreground.ts'
import { escapeMentions, hasMention } from '../agents/mentions.ts'
import { isAgentKind, listSkills, type SkillPlace, withSkill } from '../agents/skills.ts'
import { typingRules } from '../terminal/keystrokes.ts'
import type { Surface } from '../terminal/surface.ts'
import { createTypist, type Typist } from '../terminal/typing.ts'
import { openTmux } from './call.ts'
import { discoverPanes } from './discover.ts'
import { lookAt } from './pane.ts'
import { openPressed, type Pressed } from './pressed.ts'
import { identifyPane, parseSettings, parseWish, serverOptions, type TmuxSettings } from './settings.ts'
import { openPane } from './surface.ts'

export interface TmuxDeps {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly skillDirs: () => readonly string[]
}

/** Types into a pane that a person uses too. The agent is theirs: it is never started or ended here. */
export const tmuxDriver = (deps: TmuxDeps): Driver => ({
  kind: 'tmux',
  summary: 'types into a tmux pane, after looking that nothing is in the way',
  delivery: 'push',
  prepare: async (settings) => {
    const wish = parseWish(settings)
    const server = serverOptions(wish.socket, deps.env.TMUX)
    return { ...(await identifyPane(openTmux(server, deps.env, noSignal), wish)) }
  },
  discover: discoverPanes,
  connect: (session, tools) => connect(deps, session, tools),
})

const noSignal = (): undefined => undefined

interface Wire {
  readonly deps: TmuxDeps
  readonly session: Session
  readonly tools: DriverTools
  readonly pane: TmuxSettings
  readonly surface: Surface
  readonly typist: Typist
  readonly hooks: HookEventReader
  readonly pressed: Pressed
  /** The message on its way, by what cuts it short. */
  current: AbortSignal | undefined
  typing: DeliveryId | undefined
}

function connect(deps: TmuxDeps, session: Session, tools: DriverTools): Connection {
  const wire = openWire(deps, session, tools)
  return {
    state: (signal) => readiness(wire, signal),
    inject: (message, signal) => alone(wire, signal, () => type(wire, message, signal)),
    turn: (message, signal, on) => alone(wire, signal, () => turn(wire, message, signal, on)),
    skills: async (signal) => listSkills(await skillPlace(wire, signal)),
    recall: (deliveryId) => wire.pressed.recall(deliveryId),
    end: async () => {
      await wire.pressed.forget()
      await wire.hooks.forget()
    },
    close: async () => {},
  }
}

function openWire(deps: TmuxDeps, session: Session, tools: DriverTools): Wire {
  const pane = parseSettings(session.settings)
  const tmux = openTmux(['-S', pane.socket], deps.env, () => wire.current)
  const pressed = openPressed(tools.runDir, session)
  const surface = noting(openPane(tmux, pane), async () => {
    if (wire.typing) await pressed.note(wire.typing)
  })
  const hooks = openHookEvents(tools.runDir, session, pane.paneId)
  const typist = createTypist(surface, typingRules(process.platform, pane.multiline), hooks)
  const idle = { current: undefined, typing: undefined }
  const wire: Wire = { deps: deps, session, tools, pane, surface, typist, hooks: hooks, pressed, ...idle }
  return wire
}

/** A note that cannot be kept must not keep a message from its agent. */
const noting = (surface: Surface, note: () => Promise<void>): Surface => ({
  ...surface,
  press: async (keys) => {
    if (keys === '\r') await note().catch(() => {})
    return surface.press(keys)
  },
})

/** Long enough to see whether the screen moves. */
const watchMs = 1300

async function readiness(wire: Wire, signal: AbortSignal): Promise<Readiness> {
  if (wire.current) return { kind: 'busy', why: types }
  const seen = await wire.surface.look()
  if (seen.kind !== 'screen') return seen
  if (seen.quietMs < watchMs) await wire.surface.pause(watchMs, signal)
  return wire.typist.readiness()
}

const types = 'a message is being typed'

async function alone(wire: Wire, signal: AbortSignal, act: () => Promise<Outcome>): Promise<Outcome> {
  if (wire.current) return { kind: 'busy', why: types }
  wire.current = signal
  try {
    return await act()
  } finally {
    wire.current = undefined
  }
}

async function type(
  wire: Wire,
  { deliveryId, text, skill }: Outgoing,
  signal: AbortSignal,
): Promise<Outcome> {
  if (signal.aborted) return { kind: 'released', why: 'let go before it was typed' }
  const message = await inputFor(wire, { text, skill }, signal)
  if (message === undefined)
    return { kind: 'failed', why: `it has no skill "${skill}"`, retry: false, skill: true }
  wire.typing = deliveryId
  const outcome = await wire.typist.type(message, signal)
  if (outcome.kind !== 'taken' && outcome.kind !== 'unknown') await wire.pressed.forget().catch(() => {})
  return outcome
}

async function inputFor(
  wire: Wire,
  { text, skill }: Pick<Outgoing, 'text'> & { readonly skill: string | undefined },
  signal: AbortSignal,
): Promise<string | undefined> {
  if (skill === undefined && !hasMention(text)) return text
  const place = await skillPlace(wire, signal)
  const escaped = await escapeMentions(place, text)
  return skill === undefined ? escaped : withSkill(place, skill, escaped)
}

async function turn(wire: Wire, message: Outgoing, signal: AbortSignal, on: TurnEvents): Promise<Outcome> {
  const outcome = await type(wire, message, signal)
  if (outcome.kind !== 'taken') return outcome
  await accepted(wire, on, outcome.evidence)
  on.progress({ at: wire.tools.now(), kind: 'turn_started' })
  const asks = (what: string) =>
    on.progress({ at: wire.tools.now(), kind: 'held', detail: `blocked: ${what}` })
  return wire.typist.rest(signal, asks)
}

/** The agent has the message; a note that cannot be kept now must not make it look otherwise. */
async function accepted(wire: Wire, on: TurnEvents, evidence: Evidence): Promise<void> {
  try {
    await on.accepted(evidence)
  } catch (thrown) {
    wire.tools.log('warn', 'tmux.accept_failed', { session: wire.session.id, why: reasonOf(thrown) })
  }
}

/** A pane outlives the program in it, so who runs there is asked each time. */
async function skillPlace(wire: Wire, signal: AbortSignal): Promise<SkillPlace> {
  const { pane, deps } = wire
  const tmux = openTmux(['-S', pane.socket], deps.env, () => signal)
  const sight = await lookAt(tmux, pane)
  const program = sight.kind === 'sight' ? sight.program : ''
  return {
    agent: pane.agent ?? (isAgentKind(program) ? program : await agentInFront(pane.panePid)),
    cwd: pane.cwd,
    home: deps.env.HOME ?? homedir(),
    dirs: deps.skillDirs(),
  }
}
