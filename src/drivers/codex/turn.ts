import { oneLine } from '../../domain/one-line.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { Turn, TurnEnd, TurnSigns } from '../agent-process/agent.ts'
import { isObject, type Json, type JsonObject, textAt } from '../json.ts'
import { allowed, approvalOf } from './approval.ts'
import type { Link } from './link.ts'
import { statusOf, type TurnView, toolOf, turnsOf } from './thread.ts'
import { answerOf, judge } from './verdict.ts'

/** A conversation on a server. */
export interface Thread {
  readonly link: Link
  readonly id: string
  /** The server is somebody else's: its turns outlive us. */
  readonly shared: boolean
  readonly permissions: readonly string[]
}

/** What is known of a turn that is followed. */
export interface Course {
  readonly thread: Thread
  readonly signs: TurnSigns
  /** What we called the message. */
  readonly message: string
  turnId: string | undefined
  /** The message stands in the conversation. */
  arrived: boolean
  began: boolean
  waitsFor: string | undefined
  stopped: 'late' | 'let go' | undefined
  /** Something happened since it was last asked about. */
  stirred: boolean
  wake: () => void
}

export const createCourse = (thread: Thread, signs: TurnSigns, message: string): Course => ({
  thread,
  signs,
  message,
  turnId: undefined,
  arrived: false,
  began: false,
  waitsFor: undefined,
  stopped: undefined,
  stirred: false,
  wake: () => {},
})

/** A turn from `begin`, which sends the message and tells its id, or finds it. */
export function followed(course: Course, begin: () => Promise<string | TurnEnd>): Turn {
  const { link } = course.thread
  link.listen({
    told: (method, params) => hear(course, method, params),
    asked: (method, params) => decide(course, method, params),
    gone: () => stir(course),
  })
  return {
    over: run(course, begin).finally(() => link.listen(undefined)),
    blocked: () => course.waitsFor,
    cancel: (late) => {
      course.stopped ??= late ? 'late' : 'let go'
      if (late || !course.thread.shared) interrupt(course)
      stir(course)
    },
  }
}

function stir(course: Course): void {
  course.stirred = true
  course.wake()
}

function interrupt({ thread: { link, id: threadId }, turnId }: Course): void {
  if (turnId !== undefined) void link.call('turn/interrupt', { threadId, turnId })
}

async function run(course: Course, begin: () => Promise<string | TurnEnd>): Promise<TurnEnd> {
  const begun = await begin()
  if (typeof begun !== 'string') return begun
  course.turnId = begun
  if (course.stopped === 'late' || (course.stopped && !course.thread.shared)) interrupt(course)
  return watch(course)
}

async function watch(course: Course): Promise<TurnEnd> {
  const { link, shared } = course.thread
  const started = Date.now()
  let cutSince: number | undefined
  for (;;) {
    course.stirred = false
    const turn = await look(course, course.began ? 'summary' : 'full')
    cutSince = turn?.status === 'cut' ? (cutSince ?? Date.now()) : undefined
    if (turn && isOver(turn, cutSince)) return ended(course, turn)
    if (!link.alive()) return brokenOff(course)
    if (course.stopped === 'let go' && shared) return goesOn
    if (course.arrived && Date.now() - started > silenceMs) reacts(course)
    await change(course, cutSince ? cutPauseMs : pauseMs(course, Date.now() - started))
  }
}

/** What is being written now looks like cut off for a moment. */
const cutMs = 2000
const cutPauseMs = 100

const isOver = ({ status }: TurnView, cutSince: number | undefined): boolean =>
  status === 'cut' ? Date.now() - (cutSince ?? Date.now()) > cutMs : status !== 'inProgress'

/**
 * A model that fails does so soon, so a silent turn is no evidence yet that its message was worth anything; nor does a
 * slow model mean that it was not taken.
 */
const silenceMs = 3000

/** The server tells of what changes; asking meanwhile is for what nobody told. */
const pauseMs = ({ arrived, began }: Course, ageMs: number): number =>
  began ? 2000 : arrived || ageMs > silenceMs ? 250 : 40

function change(course: Course, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (course.stirred) return resolve()
    const timer = setTimeout(resolve, ms)
    course.wake = () => {
      clearTimeout(timer)
      resolve()
    }
  })
}

/** Others may have begun some since. */
const newestTurns = 5

async function look(course: Course, view: 'summary' | 'full'): Promise<TurnView | undefined> {
  const { turns } = await turnsOf(course.thread.link, course.thread.id, newestTurns, view)
  const turn = turns.find(({ id }) => id === course.turnId)
  if (turn?.messages.includes(course.message)) course.arrived = true
  if (course.arrived && turn && (turn.said.length > 0 || turn.tools.length > 0)) reacts(course)
  return turn
}

function reacts(course: Course): void {
  if (course.began) return
  course.began = true
  course.signs.began()
}

/** The server tells everybody the state of every conversation; its items only to those who have it open. */
function hear(course: Course, method: string, params: JsonObject): void {
  if (params.threadId !== course.thread.id) return
  if (method === 'thread/status/changed') noteState(course, params.status)
  if (method === 'item/started' && params.turnId === course.turnId) noteItem(course, params.item)
  if (method === 'thread/status/changed' || method === 'turn/completed') stir(course)
}

function noteState(course: Course, status: Json | undefined): void {
  const state = statusOf(status)
  const waitsFor = state.kind === 'active' ? state.waitsFor : undefined
  if (waitsFor !== undefined && course.waitsFor === undefined) {
    if (course.arrived) reacts(course)
    if (course.thread.shared) course.signs.held('for somebody at codex to decide')
  }
  course.waitsFor = waitsFor
}

function noteItem(course: Course, item: Json | undefined): void {
  if (!isObject(item)) return
  if (textAt(item, 'clientId') === course.message) course.arrived = true
  const tool = toolOf(item)
  if (course.arrived && item.type !== 'userMessage') reacts(course)
  if (tool !== undefined) course.signs.tool(oneLine(tool, maxTool))
}

const maxTool = 200

/** Only of a server of our own. What is not allowed stays open until the turn is interrupted. */
function decide(course: Course, method: string, params: JsonObject): Promise<Json> | undefined {
  const approval = approvalOf(method, params)
  if (!approval) return undefined
  const answer = allowed(approval, course.thread.permissions)
  if (answer !== undefined && course.stopped === undefined) return Promise.resolve(answer)
  course.signs.held(approval.name)
  course.waitsFor = `it waits for permission: ${approval.name}`
  return new Promise(() => {})
}

/** Everything of it once, to count its tools; what is too large for that has at least its answer. */
async function ended(course: Course, seen: TurnView): Promise<TurnEnd> {
  const turn = (await look(course, 'full')) ?? seen
  const outcome = judge(turn, course.arrived)
  if (outcome.kind === 'completed') reacts(course)
  const cut = course.stopped !== undefined && (turn.status === 'interrupted' || turn.status === 'cut')
  return { answer: answerOf(turn), cut, outcome: () => outcome }
}

/** What became of it is asked for when its server can be reached again. */
function brokenOff({ thread, arrived }: Course): TurnEnd {
  const outcome: Outcome = thread.shared
    ? { kind: 'offline', why: 'the connection to codex broke off while its turn ran' }
    : arrived
      ? { kind: 'turn_failed', why: 'exited', detail: 'codex ended while its turn ran' }
      : { kind: 'unknown', why: 'codex ended before its turn began', accepted: false }
  return { answer: '', cut: false, outcome: () => outcome }
}

/** For the next server of ours to find. */
const goesOn: TurnEnd = {
  answer: '',
  cut: false,
  outcome: () => ({ kind: 'released', why: 'its turn goes on without us' }),
}

export function endOf(outcome: Outcome): TurnEnd {
  return { answer: '', cut: false, outcome: () => outcome }
}
