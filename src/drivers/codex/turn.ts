import { oneLine } from '../../domain/one-line.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Turn, TurnEnd, TurnListeners } from '../agent-process/agent.ts'
import { type AskedNoMore, createQuestions, type Questions } from '../agent-process/questions.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'
import { type AppServer, undecided } from './app-server.ts'
import { allowed, approvalOf, createItems, decisionOn, type Items } from './approval.ts'
import { answerOf, judge } from './outcome.ts'
import { statusOf, type TurnView, toolOf, turnsOf } from './thread.ts'

/** A conversation on a server. */
export interface Thread {
  readonly server: AppServer
  readonly id: string
  /** Others use the server as well: its turns outlive this process. */
  readonly shared: boolean
  readonly permissions: readonly string[]
}

/** What is known of a turn that is followed. */
export interface TurnLog {
  readonly thread: Thread
  readonly listeners: TurnListeners
  /** What we called the message. */
  readonly message: string
  turnId: string | undefined
  /** The message stands in the conversation. */
  arrived: boolean
  began: boolean
  /** What somebody at codex is asked. */
  waitsFor: string | undefined
  /** What a codex of our own asks. */
  readonly questions: Questions
  readonly asked: Map<Json, AskedNoMore>
  readonly items: Items
  stopped: 'late' | 'let go' | undefined
  /** Something happened since the last poll. */
  stirred: boolean
  wake: () => void
}

export function createTurnLog(thread: Thread, listeners: TurnListeners, message: string): TurnLog {
  const { held, decisions } = listeners
  const log: TurnLog = {
    ...{ thread, listeners, message },
    turnId: undefined,
    arrived: false,
    began: false,
    waitsFor: undefined,
    questions: createQuestions({ held, late: () => stop(log, true), decisions }),
    asked: new Map(),
    items: createItems(),
    stopped: undefined,
    stirred: false,
    wake: () => {},
  }
  return log
}

/** A turn from `begin`, which sends the message or finds it, and resolves with the turn's id. */
export function followed(log: TurnLog, begin: () => Promise<string | TurnEnd>): Turn {
  const { server } = log.thread
  server.listen({
    onNotification: (method, params) => noteNotification(log, method, params),
    onRequest: (method, params, id) => (log.thread.shared ? undecided() : decide(log, method, params, id)),
    onGone: () => stir(log),
  })
  return {
    over: run(log, begin).finally(() => {
      server.listen(undefined)
      log.questions.close()
    }),
    blocked: () => log.questions.first() ?? log.waitsFor,
    cancel: (late) => stop(log, late),
  }
}

function stop(log: TurnLog, late: boolean): void {
  log.stopped ??= late ? 'late' : 'let go'
  log.questions.close()
  if (late || !log.thread.shared) interrupt(log)
  stir(log)
}

function stir(log: TurnLog): void {
  log.stirred = true
  log.wake()
}

function interrupt({ thread: { server, id: threadId }, turnId }: TurnLog): void {
  if (turnId !== undefined) void server.call('turn/interrupt', { threadId, turnId })
}

async function run(log: TurnLog, begin: () => Promise<string | TurnEnd>): Promise<TurnEnd> {
  const begun = await begin()
  if (typeof begun !== 'string') return begun
  log.turnId = begun
  if (log.stopped === 'late' || (log.stopped && !log.thread.shared)) interrupt(log)
  return watch(log)
}

async function watch(log: TurnLog): Promise<TurnEnd> {
  const { server, shared } = log.thread
  const started = performance.now()
  let cutSince: number | undefined
  for (;;) {
    log.stirred = false
    const turn = await look(log, log.began ? 'summary' : 'full')
    cutSince = turn?.status === 'cut' ? (cutSince ?? performance.now()) : undefined
    if (turn && isOver(turn, cutSince)) return ended(log, turn)
    if (!server.alive()) return brokenOff(log)
    if (log.stopped === 'let go' && shared) return goesOn
    if (log.arrived && performance.now() - started > silenceMs) reacts(log)
    await change(log, cutSince ? cutPauseMs : pauseMs(log, performance.now() - started))
  }
}

/** A turn counts as over once it was `cut` for this long: one that is being written looks so for a moment. */
const cutMs = 2000
const cutPauseMs = 100

const isOver = ({ status }: TurnView, cutSince: number | undefined): boolean =>
  status === 'cut' ? performance.now() - (cutSince ?? performance.now()) > cutMs : status !== 'inProgress'

/**
 * A model that fails does so soon, so a silent turn is no evidence yet that its message was worth anything; nor does a
 * slow model mean that it was not taken.
 */
const silenceMs = 3000

/** The server notifies of changes; polling meanwhile is for a notification that did not come. */
const pauseMs = ({ arrived, began }: TurnLog, ageMs: number): number =>
  began ? 2000 : arrived || ageMs > silenceMs ? 250 : 40

function change(log: TurnLog, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (log.stirred) return resolve()
    const timer = setTimeout(resolve, ms)
    log.wake = () => {
      clearTimeout(timer)
      resolve()
    }
  })
}

/** How many turns `look` asks for: other clients may have begun some since. */
const newestTurns = 5

async function look(log: TurnLog, view: 'summary' | 'full'): Promise<TurnView | undefined> {
  const { turns } = await turnsOf(log.thread.server, log.thread.id, newestTurns, view)
  const turn = turns.find(({ id }) => id === log.turnId)
  if (turn?.messages.includes(log.message)) log.arrived = true
  if (log.arrived && turn && (turn.messagesOfAgent.length > 0 || turn.tools.length > 0)) reacts(log)
  return turn
}

function reacts(log: TurnLog): void {
  if (log.began) return
  log.began = true
  log.listeners.began()
}

/** Every client gets the state of every conversation; only those who have it open get its items. */
function noteNotification(log: TurnLog, method: string, params: JsonObject): void {
  if (params.threadId !== log.thread.id) return
  log.items.note(method, params)
  if (method === 'serverRequest/resolved')
    log.asked.get(params.requestId ?? null)?.('withdrawn', 'codex asks no more')
  if (method === 'thread/status/changed') noteState(log, params.status)
  if (method === 'item/started' && params.turnId === log.turnId) noteItem(log, params.item)
  if (method === 'thread/status/changed' || method === 'turn/completed') stir(log)
}

function noteState(log: TurnLog, status: Json | undefined): void {
  const state = statusOf(status)
  const waitsFor = state.kind === 'active' ? state.waitsFor : undefined
  if (waitsFor !== undefined && log.waitsFor === undefined) {
    if (log.arrived) reacts(log)
    if (log.thread.shared) log.listeners.held(`${waitsFor}, from who sits at codex`)
  }
  log.waitsFor = waitsFor
}

function noteItem(log: TurnLog, item: Json | undefined): void {
  if (!isObject(item)) return
  if (textAt(item, 'clientId') === log.message) log.arrived = true
  const tool = toolOf(item)
  if (log.arrived && item.type !== 'userMessage') reacts(log)
  if (tool !== undefined) log.listeners.tool(oneLine(tool, maxTool))
}

const maxTool = 200

/** Answers the requests of a server of our own. What nobody decides stays open until the turn is interrupted. */
function decide(log: TurnLog, method: string, params: JsonObject, id: Json): Promise<Json> | undefined {
  const approval = approvalOf(method, params)
  if (!approval) return undefined
  const answer = allowed(approval, log.thread.permissions)
  if (answer !== undefined && log.stopped === undefined) return Promise.resolve(answer)
  return new Promise((resolve) => {
    const decision = decisionOn(id, approval, params, log.items, resolve)
    const asksNoMore = log.questions.hold({ asks: approval.asks, dismiss: () => {}, decision })
    log.asked.set(id, asksNoMore)
  })
}

/** Reads the whole turn once, to count its tools; of one that is too large for that `seen` has at least the answer. */
async function ended(log: TurnLog, seen: TurnView): Promise<TurnEnd> {
  const turn = (await look(log, 'full')) ?? seen
  const outcome = judge(turn, log.arrived)
  if (outcome.kind === 'completed') reacts(log)
  const cut = log.stopped !== undefined && (turn.status === 'interrupted' || turn.status === 'cut')
  return { answer: answerOf(turn), cut, outcome: () => outcome }
}

/** `recall` asks what became of the turn when its server can be reached again. */
function brokenOff({ thread, arrived }: TurnLog): TurnEnd {
  const outcome: Outcome = thread.shared
    ? { kind: 'offline', why: 'the connection to codex broke off while its turn ran' }
    : arrived
      ? { kind: 'turn_failed', why: 'exited', detail: 'codex ended while its turn ran' }
      : { kind: 'unknown', why: 'codex ended before its turn began', accepted: false }
  return { answer: '', cut: false, outcome: () => outcome }
}

/** The turn of a shared server goes on; `recall` of the next Postern finds its end. */
const goesOn: TurnEnd = {
  answer: '',
  cut: false,
  outcome: () => ({ kind: 'released', why: 'its turn goes on without us' }),
}

export function endOf(outcome: Outcome): TurnEnd {
  return { answer: '', cut: false, outcome: () => outcome }
}
