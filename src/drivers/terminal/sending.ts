import type { Evidence, Outcome } from '../../domain/outcome.ts'
import type { HookEventReader } from '../agent-hooks/event-file.ts'
import { isAcknowledged } from '../agent-hooks/turn.ts'
import { sendsLate } from './input-box.ts'
import type { TypingRules } from './keystrokes.ts'
import { type OwnText, ownPart } from './own-text.ts'
import { evidenceOf, isBehind, type Screen, submitted } from './screen.ts'
import { moving, personOn, type Surface, until } from './surface.ts'
import { isAsBefore, type Typed, takeBack } from './take-back.ts'

/** One message on its way: as it came, as it is typed, and the screen before that. */
export interface Entry extends Typed {
  readonly message: string
}

/** A text that was typed and is not known to be taken, with the screen as it was left. */
export interface Unsettled extends Entry {
  readonly left: Screen
  readonly entered: boolean
  /** When keys were sent to take it back that have shown no effect yet, by the surface's clock. */
  readonly takenBackAt?: number
}

/** One terminal, and what was typed there. */
export interface Typing {
  readonly surface: Surface
  readonly rules: TypingRules
  readonly hooks: HookEventReader
  unsettled: Unsettled | undefined
  /** What was typed last, as it was typed. */
  last: string
  /** What was typed lately, newest last. */
  own: readonly string[]
  /** What of it may stand in the input box now. */
  standing: OwnText | undefined
}

export type TypedEvidence = 'echo' | 'marker'

const settleMs = 100
const settledQuietMs = 120
const settleLimitMs = 2000
const acceptMs = 1500
/** opencode has been seen to take seconds until its conversation is made. */
const lateAcceptMs = 20_000
/** How long an abort may still wait for evidence once Enter is pressed. */
const graceMs = 800
/** How often the text is looked at again because the screen changed in the moment of Enter. */
const settles = 4
/** One more than most programs need: some swallow the first. */
const mostEnters = 2

const enter = '\r'

/** The text stands in the input box. Programs swallow an Enter that follows a paste too soon. */
export async function settleAndSend(typing: Typing, entry: Entry, signal: AbortSignal): Promise<Outcome> {
  const { surface } = typing
  for (let left = settles; ; left--) {
    await surface.pause(settleMs, signal)
    const isStill = (seen: Screen) => seen.draft || seen.quietMs >= settledQuietMs
    const settled = await until(surface, settleLimitMs, signal, 0, isStill)
    if (settled.kind !== 'screen') return settled
    const evidence = evidenceIn(entry, settled)
    const person = personOn(settled)
    const obstacle = person ?? (settled.quietMs < settledQuietMs ? moving : undefined)
    if (evidence && obstacle === undefined && !signal.aborted) {
      const outcome = await send(typing, entry, settled, evidence, mostEnters, signal)
      if (outcome !== 'changed') return outcome
      if (left > 0) continue
    }
    const back = await withdraw(typing, entry, settled)
    if (signal.aborted && back) return { kind: 'released', why: 'let go before it was sent' }
    const why = `typed but not sent: ${obstacle ?? 'it did not stay in the input box'}`
    return { kind: 'busy', why, ...(person !== undefined && { blocked: true }) }
  }
}

/** `changed`: Enter was not pressed, because the screen was another one in the moment of it. */
export async function send(
  typing: Typing,
  entry: Entry,
  echoed: Screen,
  evidence: TypedEvidence,
  enters: number,
  signal: AbortSignal,
): Promise<Outcome | 'changed'> {
  const { surface } = typing
  const failed = await surface.press(enter, echoed)
  if (failed) return failed.kind === 'changed' ? 'changed' : failed
  noteUnsettled(typing, entry, echoed, true)
  if (typing.standing) typing.standing.entered = true
  const done = (screen: Screen) => hasGone(entry, echoed, screen) || hasLeft(entry, echoed, screen)
  const late = sendsLate(echoed.lines)
  const [limitMs, afterAbortMs] = late ? [lateAcceptMs, lateAcceptMs] : [acceptMs, graceMs]
  const after = await until(surface, limitMs, signal, afterAbortMs, done)
  const seen = after.kind === 'ended' || (after.kind === 'screen' && done(after))
  if (await isAcknowledged(surface, typing.hooks, entry.text, seen)) return taken(typing, 'ack')
  // A program that ends on Enter has read the message.
  if (seen) return taken(typing, evidence)
  if (after.kind !== 'screen') return { kind: 'unknown', why: after.why, accepted: false }
  // A second Enter is for programs that swallow the first; a person who appeared meanwhile comes before that.
  if (!late && enters > 1 && personOn(after) === undefined && !signal.aborted) {
    const again = await send(typing, entry, after, evidence, enters - 1, signal)
    if (again !== 'changed') return again
  }
  await withdraw(typing, entry, after)
  return { kind: 'failed', why: 'typed_not_submitted: Enter had no effect', retry: true }
}

/** Enter had an effect, and not that of a line break in the input box. */
const hasGone = (entry: Entry, echoed: Screen, screen: Screen): boolean =>
  submitted(echoed, screen, entry.text, entry.probed || isBehind(entry.before, entry.text)) &&
  !(screen.input !== undefined && standsIn(entry, screen))

/**
 * The input box is empty, and not for the moment of a redraw. Only right behind Enter: later somebody may have cleared it. An
 * answer that repeats what has scrolled away meanwhile leaves no other sign.
 */
const hasLeft = ({ text, probed }: Entry, echoed: Screen, { input, quietMs }: Screen): boolean =>
  !probed && input === '' && quietMs >= settledQuietMs && isIn(text, echoed.input)

const isIn = (text: string, input: string | undefined): boolean =>
  input !== undefined && ownPart(text, input) !== undefined

/** Whether the text stands in the input box, as far as that can be told: then it was not sent. */
export const standsIn = ({ text, probed }: Entry, { input }: Screen): boolean =>
  !probed && (input === undefined || ownPart(text, input) !== undefined)

/** Seen later, a screen as before typing is no sign of success: somebody may have cleared the text. */
export const wasSent = (entry: Entry, echoed: Screen, screen: Screen): boolean =>
  hasGone(entry, echoed, screen) && !isAsBefore(entry, screen)

export function taken(typing: Typing, evidence: Evidence): Outcome {
  typing.unsettled = undefined
  if (typing.standing) typing.standing.entered = true
  return { kind: 'taken', evidence }
}

export function noteUnsettled(typing: Typing, entry: Entry, left: Screen, entered: boolean): void {
  const { message, text, before, probed } = entry
  typing.unsettled = { message, text, before, left, entered, ...(probed && { probed }) }
}

/**
 * Takes back what was typed and not sent. False when that is not certain: then it is remembered, and so is that a person
 * may have sent it by hand.
 */
export async function withdraw(typing: Typing, entry: Entry, left: Screen): Promise<boolean> {
  const entered = typing.unsettled?.entered === true
  // Whether it stands there does not show.
  if (entered && entry.probed) return false
  const text = typing.standing?.text ?? entry.text
  const back = await takeBack(typing.surface, { ...entry, text, enters: entered ? mostEnters : 0 }, left)
  if (back !== 'stays') typing.standing = undefined
  if (back === 'done') {
    typing.unsettled = undefined
    return true
  }
  const sentByHand = back === 'vanished' && evidenceIn(entry, left) !== undefined
  noteUnsettled(typing, entry, left, entered || sentByHand)
  if (back === 'stays' && typing.unsettled)
    typing.unsettled = { ...typing.unsettled, takenBackAt: typing.surface.now() }
  return false
}

/** A text that was probed for has shown itself before. */
export const evidenceIn = (entry: Entry, screen: Screen): TypedEvidence | undefined =>
  entry.probed ? 'echo' : evidenceOf(entry.before, screen, entry.text)
