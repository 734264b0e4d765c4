import { homedir } from 'node:os'
import type { DecisionTools } from '../../domain/decision.ts'
import type { EventKind } from '../../domain/delivery.ts'
import type { Outgoing, TurnEvents } from '../../domain/driver.ts'
import { reasonOf } from '../../domain/error.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { isTimeout, pause, whenAborted } from '../../wait.ts'
import { escapeMentions } from '../agents/mentions.ts'
import { listSkills, noSkill, skillCall, withSkill } from '../agents/skills.ts'
import { heldByTurn, lateDetail } from '../blocked.ts'
import type { Agent, Turn, TurnEnd } from './agent.ts'
import { withAnswer } from './answer.ts'
import { areSkills, type Opening, skillPlace } from './opening.ts'

interface SendEvents extends TurnEvents {
  /** Whether the caller waits for the end of the turn. */
  readonly waits: boolean
}

/** Resolves as soon as the agent reacts to the message; its turn goes on, and keeps the session busy. */
export function inject(opening: Opening, message: Outgoing, signal: AbortSignal): Promise<Outcome> {
  const { promise: taken, resolve } = Promise.withResolvers<Outcome>()
  const until = new AbortController()
  const giveUp = () => until.abort(signal.reason)
  signal.addEventListener('abort', giveUp)
  if (signal.aborted) giveUp()
  const letGo = () => signal.removeEventListener('abort', giveUp)
  const over = runTurn(opening, message, until.signal, {
    waits: false,
    accepted: async () => {
      letGo()
      resolve({ kind: 'taken', evidence: 'ack' })
    },
    progress: ({ kind, detail }) => log(opening, message, kind, { detail }),
  })
  void over.then((outcome) => {
    letGo()
    if (outcome.kind === 'turn_failed') log(opening, message, 'turn_failed', { why: outcome.detail })
  })
  return Promise.race([taken, over])
}

const log = (
  { kind, tools, session }: Opening,
  { deliveryId }: Outgoing,
  event: string,
  more: object,
): void => tools.log('info', `${kind}.${event}`, { session: session.id, delivery: deliveryId, ...more })

/** One message and its whole turn. One at a time: agents queue, cancel or lose what comes meanwhile. */
export async function runTurn(
  opening: Opening,
  message: Outgoing,
  signal: AbortSignal,
  on: SendEvents,
): Promise<Outcome> {
  if (opening.ending.signal.aborted) return { kind: 'ended' }
  if (opening.claim) await Promise.race([opening.claim.free, pause(aboutToEndMs)])
  if (opening.claim) return heldByTurn(opening.turn?.blocked())
  if (signal.aborted) return notReady(signal)
  const claim = Promise.withResolvers<void>()
  opening.claim = { free: claim.promise }
  try {
    const outcome = await runClaimed(opening, message, signal, on)
    return opening.ending.signal.aborted ? { kind: 'ended', why: 'it was ended while it ran' } : outcome
  } catch (thrown) {
    return { kind: 'failed', why: reasonOf(thrown), retry: true }
  } finally {
    // A turn that was given up still runs until its agent reports its end, or is ended.
    void (opening.turn?.over ?? Promise.resolve()).then(() => {
      opening.turn = undefined
      opening.claim = undefined
      claim.resolve()
    })
  }
}

/** A message that is held sleeps longer than many turns last, so the end of one is worth a moment. */
const aboutToEndMs = 150

async function runClaimed(
  opening: Opening,
  message: Outgoing,
  signal: AbortSignal,
  on: SendEvents,
): Promise<Outcome> {
  const aborted = whenAborted(signal)
  try {
    const started = await Promise.race([opening.ready(message.since), aborted.promise])
    if (!started) return notReady(signal)
    if (started.kind !== 'agent') return started
    const text = await textFor(opening, started.agent, message)
    if (text === undefined) return noSkill(message.skill)
    if (signal.aborted) return notReady(signal)
    return await prompt(opening, started.agent, { message, text, signal, on, aborted: aborted.promise })
  } finally {
    aborted.disarm()
  }
}

const notReady = (signal: AbortSignal): Outcome =>
  isTimeout(signal)
    ? { kind: 'failed', why: 'its agent was not ready in time', retry: true }
    : { kind: 'released', why: 'let go before its agent was ready' }

/** The call of a skill comes first, and only for one that is there: an agent takes any other for plain text. */
async function textFor(
  opening: Opening,
  agent: Agent,
  { skill, text }: Outgoing,
): Promise<string | undefined> {
  const place = skillPlace(opening, homedir())
  // Of the agents that are driven by a protocol, only Claude Code reads what a prompt names.
  const escaped = place.agent === 'claude' ? await escapeMentions(place, text) : text
  if (skill === undefined) return escaped
  const named = await agent.commands()
  const isNamed =
    named?.names.includes(skill) && (areSkills(opening, named) || (await listSkills(place)).includes(skill))
  const call = isNamed ? skillCall(opening.settings.agent, skill, escaped) : undefined
  if (call !== undefined) return call
  // An agent that names its skills does not name this one: then the skill's text is sent, never a call.
  return withSkill(named ? { ...place, calls: false } : place, skill, escaped)
}

interface Prompt {
  readonly message: Outgoing
  readonly text: string
  readonly signal: AbortSignal
  readonly on: SendEvents
  readonly aborted: Promise<undefined>
}

async function prompt(opening: Opening, agent: Agent, given: Prompt): Promise<Outcome> {
  const { message, on } = given
  let accepted: Promise<void> | undefined
  const note = timeline(opening, on)
  const listeners = {
    began: () => {
      accepted = accept(opening, message, on)
      note('turn_started', 'the agent reacts')
    },
    tool: (name: string) => note('turn_started', `tool call: ${name}`),
    held: (asks: string) => note('held', asks),
    decisions: decisionsOf(opening, message),
  }
  await opening.journal.took({ deliveryId: message.deliveryId, turn: on.waits, given: true }).catch(() => {})
  const turn = agent.startTurn(given.text, listeners, message.deliveryId)
  opening.turn = turn
  const end = await Promise.race([turn.over, given.aborted])
  const outcome = end
    ? concluded(opening, agent, end, accepted !== undefined)
    : await givenUp(opening, agent, turn, given, () => accepted)
  await accepted
  if (accepted === undefined) await opening.journal.took(undefined).catch(() => {})
  return outcome
}

const decisionsOf = (
  { tools: { decisions } }: Opening,
  { deliveryId }: Outgoing,
): DecisionTools | undefined =>
  decisions && {
    open: (request, withinMs) => decisions.open({ ...request, delivery: deliveryId }, withinMs),
  }

/**
 * The turn began: the journal notes that first, because a turn must not begin twice. Once the store has the acceptance,
 * as for a turn, the note would only mislead a later retry by hand. A note that cannot be written is logged.
 */
async function accept(opening: Opening, { deliveryId }: Outgoing, on: SendEvents): Promise<void> {
  const lost = (thrown: unknown) =>
    opening.tools.log('warn', `${opening.kind}.accept_failed`, {
      session: opening.session.id,
      why: reasonOf(thrown),
    })
  await opening.journal.took({ deliveryId, turn: on.waits }).catch(lost)
  const kept = await on.accepted().then(() => true, lost)
  if (kept && on.waits) await opening.journal.took(undefined).catch(lost)
}

const maxNotes = 40

/** Tool calls and permissions, not the text; the first ones of a turn that has very many. */
function timeline({ tools }: Opening, on: SendEvents): (kind: EventKind, detail: string) => void {
  let notes = 0
  return (kind, detail) => {
    if (++notes <= maxNotes || kind === 'held') on.progress({ at: tools.now(), kind, detail })
  }
}

/** The next process resumes a conversation that is gone here, or begins a new one. */
function concluded(opening: Opening, agent: Agent, end: TurnEnd, began: boolean): Outcome {
  if (end.gone !== undefined) {
    void agent.end()
    opening.tools.log('warn', `${opening.kind}.conversation_gone`, {
      session: opening.session.id,
      why: end.gone,
    })
  }
  return end.outcome(began)
}

/** Well inside the second within which an abort must be over. */
const giveUpMs = 400
const cancelMs = 5000

async function givenUp(
  opening: Opening,
  agent: Agent,
  turn: Turn,
  { signal, on }: Prompt,
  accepted: () => Promise<void> | undefined,
): Promise<Outcome> {
  const asks = turn.blocked()
  turn.cancel(isTimeout(signal))
  const end = await Promise.race([turn.over, pause(giveUpMs)])
  if (!end) endIfHung(agent, turn, opening.deps.cancelMs ?? cancelMs)
  const began = accepted() !== undefined
  if (end && !end.cut) return end.outcome(true)
  const answered = withAnswer(end?.answer ?? '')
  if (isTimeout(signal) && (began || on.waits))
    return { kind: 'turn_failed', why: 'timeout', detail: lateDetail(asks), ...answered }
  if (began) return { kind: 'unknown', why: 'cut off while its turn ran', accepted: true }
  if (!end) return { kind: 'unknown', why: 'the agent did not react', accepted: false }
  return isTimeout(signal)
    ? { kind: 'failed', why: 'the agent did not react in time', retry: true }
    : { kind: 'released', why: 'its turn was cancelled before it began' }
}

function endIfHung(agent: Agent, turn: Turn, waitMs: number): void {
  const hung = setTimeout(() => void agent.end(), waitMs)
  void turn.over.then(() => clearTimeout(hung))
}
