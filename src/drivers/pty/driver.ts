import { guardTyped } from '../../domain/command-guard.ts'
import type { DeliveryId } from '../../domain/delivery.ts'
import type { Connection, Driver, Outgoing, Readiness, TurnEvents } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Session } from '../../domain/session.ts'
import { isTimeout, pause } from '../../wait.ts'
import { answersByHooks } from '../agent-hooks/answers.ts'
import { agentInFront } from '../agents/foreground.ts'
import { agentRunBy } from '../agents/kinds.ts'
import { escapeMentions } from '../agents/mentions.ts'
import { listSkills, noSkill, type SkillPlace, skillPlace, withSkill } from '../agents/skills.ts'
import type { DriverDeps } from '../deps.ts'
import { endGroup, isRunning, signalGroup } from '../process/process.ts'
import type { Gone } from '../terminal/surface.ts'
import { connectHolder, type HolderClient } from './client.ts'
import type { Request } from './protocol.ts'
import { type PtySettings, parsePtySettings } from './settings.ts'
import { showScreen } from './show-screen.ts'

/**
 * An agent in a terminal that `postern run` opened; a holder process owns that terminal and types there.
 * To read on, in the server: client, protocol. In the holder: start, holder, holder-requests, held-terminal with its
 * screen-model and draft-tracker, viewers. In a person's terminal: attach.
 */
export const ptyDriver = (deps: DriverDeps): Driver => ({
  kind: 'pty',
  summary: 'types into a terminal of its own, started by postern run',
  delivery: 'push',
  prepare: async (settings) => parsePtySettings(settings),
  answers: answersByHooks,
  carries: async ({ settings }, { pid, start }) => {
    const { childPid, childStart } = parsePtySettings(settings)
    return childPid === pid && childStart === start
  },
  connect: (session, { now }) => connect(deps, session, now),
})

interface Opening {
  readonly deps: DriverDeps
  readonly settings: PtySettings
  readonly generation: string
  readonly now: () => number
  /** Connections in use, to be closed with the driver's connection. */
  readonly clients: Set<HolderClient>
  closed: boolean
}

function connect(deps: DriverDeps, session: Session, now: () => number): Connection {
  const settings = parsePtySettings(session.settings)
  const { generation } = session
  const opening: Opening = { deps, settings, generation, now, clients: new Set(), closed: false }
  return {
    state: (signal) => readiness(opening, signal),
    inject: (message, signal) => send(opening, message, signal),
    turn: (message, signal, on) => send(opening, message, signal, on),
    skills: async () => {
      const place = await placeOf(opening)
      return place.agent && listSkills(place)
    },
    recall: (deliveryId) => recall(opening, deliveryId),
    watchScreen: (show, signal) =>
      withHolder(opening, { op: 'screen' }, (client) => showScreen(client, show, signal)).then(
        async (why) => why ?? (await absence(opening)).why ?? 'its terminal is gone',
      ),
    end: () => end(opening),
    close: async () => {
      opening.closed = true
      for (const client of opening.clients) client.close()
    },
  }
}

const askMs = 3000

async function readiness(opening: Opening, signal: AbortSignal): Promise<Readiness> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(askMs)])
  const reply = await withHolder(opening, { op: 'state' }, (client) => client.next(within))
  return reply !== 'aborted' && reply?.is === 'state' ? reply.readiness : absence(opening)
}

/** The holder does not answer: either it is gone and the program with it, or it is only stuck. */
async function absence({ settings }: Opening): Promise<Gone> {
  const { holderPid: pid, holderStart: start } = settings
  return (await isRunning({ pid, start }))
    ? { kind: 'offline', why: 'the process that holds its terminal does not answer' }
    : { kind: 'ended', why: 'its terminal is gone' }
}

async function send(
  opening: Opening,
  message: Outgoing,
  signal: AbortSignal,
  on?: TurnEvents,
): Promise<Outcome> {
  if (signal.aborted) return released
  const text = await inputFor(opening, message)
  if (text === undefined) return noSkill(message.skill)
  const request: Request = { op: 'inject', deliveryId: message.deliveryId, text, turn: on !== undefined }
  return (
    (await withHolder(opening, request, (client) => outcomeOf(opening, client, signal, on))) ??
    absence(opening)
  )
}

const released: Outcome = { kind: 'released', why: 'let go; its terminal knows what became of it' }

async function inputFor(opening: Opening, { skill, text }: Outgoing): Promise<string | undefined> {
  const place = await placeOf(opening)
  const escaped = await escapeMentions(place, guardTyped(text))
  return skill === undefined ? escaped : withSkill(place, skill, escaped)
}

/** In a shell the agent is whichever program is in the foreground. */
const placeOf = async ({ deps, settings }: Opening): Promise<SkillPlace> =>
  skillPlace(deps, agentRunBy(settings.command) ?? (await agentInFront(settings.childPid)), settings.cwd)

/** How long a holder that was sent `cancel` may take to report how far it had come. */
const releaseMs = 900

async function outcomeOf(
  opening: Opening,
  client: HolderClient,
  signal: AbortSignal,
  on: TurnEvents | undefined,
): Promise<Outcome | undefined> {
  let accepted = false
  let waiting = signal
  for (;;) {
    const reply = await client.next(waiting)
    if (reply === 'aborted') {
      if (accepted || waiting !== signal) return cutOff(signal, accepted)
      client.send({ op: 'cancel' })
      waiting = AbortSignal.timeout(releaseMs)
      continue
    }
    if (reply?.is === 'outcome') return reply.outcome
    if (reply === undefined) return undefined
    if (reply.is === 'asks')
      on?.progress({ at: opening.now(), kind: 'held', detail: `blocked: ${reply.what}` })
    if (reply.is === 'accepted') {
      accepted = true
      await on?.accepted(reply.evidence)
    }
  }
}

/** The holder remembers whether the text was typed by then; the next attempt asks for that first. */
const cutOff = (signal: AbortSignal, accepted: boolean): Outcome =>
  accepted && isTimeout(signal)
    ? { kind: 'turn_failed', why: 'timeout', detail: 'its turn did not end in time' }
    : released

const recallMs = 600_000

async function recall(opening: Opening, deliveryId: DeliveryId): Promise<Outcome | undefined> {
  const patience = AbortSignal.timeout(recallMs)
  const answered = await withHolder(opening, { op: 'recall', deliveryId }, async (client) => ({
    outcome: await outcomeOf(opening, client, patience, undefined),
  }))
  return opening.closed ? released : answered?.outcome
}

const endMs = 10_000
/** How long a holder may take to write the tombstone once its program has ended. */
const partMs = 6000
const pollMs = 20

async function end(opening: Opening): Promise<void> {
  const { holderPid, holderStart, childPid, childStart } = opening.settings
  const holder = { pid: holderPid, start: holderStart }
  const ended = await withHolder(opening, { op: 'end' }, (client) =>
    untilEnd(client, AbortSignal.timeout(endMs)),
  )
  for (let waited = 0; ended && waited < partMs && (await isRunning(holder)); waited += pollMs)
    await pause(pollMs)
  // A holder that does not answer is ended like any other process; closing its terminal ends most programs.
  if (await isRunning({ pid: childPid, start: childStart })) await endGroup(childPid, 2000, ['SIGHUP'])
  if (await isRunning(holder)) signalGroup(holderPid, 'SIGKILL')
}

async function untilEnd(client: HolderClient, patience: AbortSignal): Promise<boolean> {
  for (;;) {
    const reply = await client.next(patience)
    if (reply === undefined || reply === 'aborted') return false
    if (reply.is === 'end') return true
  }
}

/** Sends one request and hands the connection to `about`. Undefined when the holder cannot be reached. */
async function withHolder<T>(
  opening: Opening,
  request: Request,
  about: (client: HolderClient) => Promise<T>,
): Promise<T | undefined> {
  const client = await connectHolder(opening.settings.socket, opening.generation)
  if (!client) return undefined
  opening.clients.add(client)
  try {
    client.send(request)
    return await about(client)
  } finally {
    opening.clients.delete(client)
    client.close()
  }
}
