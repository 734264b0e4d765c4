import type { Readiness } from '../../domain/driver.ts'
import type { Outcome } from '../../domain/outcome.ts'
import type { HookEventReader } from '../agent-hooks/event-file.ts'
import { endOfTurn, permissionAsked, readinessWithHooks } from '../agent-hooks/turn.ts'
import { blockedBy, heldBy } from '../blocked.ts'
import { dialogOn } from './dialog.ts'
import { keystrokes, type TypingRules } from './keystrokes.ts'
import { isForeign } from './own-text.ts'
import { needsProbe, probe, removeProbe } from './probe.ts'
import { evidenceOf, type Screen, sameScreen } from './screen.ts'
import {
  type Entry,
  evidenceIn,
  noteUnsettled,
  send,
  settleAndSend,
  standsIn,
  type Typing,
  taken,
  type Unsettled,
  wasSent,
  withdraw,
} from './sending.ts'
import { freeScreen, type Surface, until } from './surface.ts'
import { isAsBefore } from './take-back.ts'

/**
 * Types messages into one terminal, one at a time, and remembers what it could not finish. To read on: sending (Enter, and
 * taking back), surface (waiting for a screen), screen (comparing two), dialog and agent-error (reading one), keystrokes, own-text and own-lines (what of
 * a screen is ours), take-back, agent-hooks/turn.
 */
export interface Typist {
  /** What stands in the way now, of a screen that must have been quiet for `forMs`. Does not wait. */
  readiness(forMs?: number): Promise<Readiness>
  /**
   * Echo-verified typing: no Enter without the text seen in the input box and nothing else, no `taken` without something
   * having happened after Enter, nothing typed into a dialog, a draft or a moving screen. What was typed and not sent is
   * taken back. The same message again continues with what a program shows late instead of typing it twice.
   * An abort lets go as long as nothing is typed; afterwards it shortens the waiting.
   */
  type(message: string, signal: AbortSignal): Promise<Outcome>
  /**
   * Resolves when the turn of the text typed last is over: by the agent's hook events, else when the screen has
   * been quiet and free of dialogs for a while. `onPermission` is called once for each permission that a person is
   * asked for.
   */
  rest(signal: AbortSignal, onPermission?: (what: string) => void): Promise<Outcome>
  /** To be called before a person's keys reach the program: they may send or clear an unsent text. */
  onPersonKeys(enter: boolean): Promise<void>
}

const echoMs = 2500
/** Programs that lay out a long text anew for each piece that arrives take as long as this for each of its characters. */
const echoMsPerCharacter = 0.4
/** A slow program may obey the keys that take a text back as late as this; until then nothing is typed. */
const takenBackPatienceMs = 10_000
/** How many messages are told apart from what the agent shows of its own. */
const remembered = 12

export function createTypist(terminal: Surface, rules: TypingRules, hooks: HookEventReader): Typist {
  const typing: Typing = {
    ...{ rules, hooks, unsettled: undefined, last: '', own: [], standing: undefined },
    surface: { ...terminal, look: () => lookKnowingOwn(typing, terminal) },
  }
  const { surface } = typing
  return {
    readiness: (forMs) => readinessWithHooks(surface, hooks, forMs),
    type: (message, signal) => typeMessage(typing, message, signal),
    rest: (signal, onPermission) => endOfTurn(surface, hooks, typing.last, signal, onPermission),
    onPersonKeys: (pressedEnter) => onPersonKeys(typing, pressedEnter),
  }
}

/** A look that knows what we typed: it is nobody's draft, and no dialog of the agent. */
async function lookKnowingOwn(typing: Typing, terminal: Surface): ReturnType<Surface['look']> {
  const seen = await terminal.look()
  if (seen.kind !== 'screen') return seen
  const { input, draft } = seen
  if (input === '' && typing.standing?.entered) typing.standing = undefined
  const foreign = input !== undefined && isForeign(typing.standing, input)
  return { ...seen, own: typing.own, draft: draft || foreign }
}

async function typeMessage(typing: Typing, message: string, signal: AbortSignal): Promise<Outcome> {
  const screen = await freeScreen(typing.surface, signal)
  if (screen.kind !== 'screen') return screen.kind === 'busy' ? giveWay(typing, screen) : screen
  const permission = await permissionAsked(screen, typing.hooks)
  if (permission !== undefined) return heldBy(blockedBy(permission))
  const resumed = typing.unsettled && (await resume(typing, typing.unsettled, screen, message, signal))
  if (resumed) return resumed
  typing.unsettled = undefined
  const keys = keystrokes(message, screen, typing.rules)
  if ('refused' in keys) return { kind: 'failed', why: keys.refused, retry: false }
  if (keys.text.replace(invisible, '') === '')
    return { kind: 'failed', why: 'nothing in the message shows on a screen', retry: false }
  const probed = needsProbe(screen, keys.text)
  return typeInto(typing, { message, text: keys.text, before: screen, probed }, signal)
}

const invisible = /[\s\p{Cc}\p{Cf}\p{M}]/gu

/** A person types beside an earlier text that stands unsent: it is taken out of their way. */
async function giveWay(typing: Typing, outcome: Outcome): Promise<Outcome> {
  const { unsettled, surface } = typing
  if (!unsettled || unsettled.takenBackAt !== undefined) return outcome
  const seen = await surface.look()
  if (seen.kind === 'screen' && seen.draft) await withdraw(typing, unsettled, seen)
  return outcome
}

/**
 * What an unfinished earlier message means now; undefined when it is of no concern any more.
 * Its program may have been slow, a person may have sent or cleared it, or it still stands there.
 */
async function resume(
  typing: Typing,
  rest: Unsettled,
  screen: Screen,
  message: string,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const same = rest.message === message
  const evidence = evidenceIn(rest, screen)
  if (isBeingTakenBack(rest, screen, typing.surface.now())) return { kind: 'busy', why: takingBack }
  if (rest.entered && isAsBefore(rest, screen)) return undefined
  // What is seen of it stands in the transcript.
  const sent = evidence !== undefined && !rest.probed && !standsIn(rest, screen)
  if (sent || (rest.entered && wasSent(rest, rest.left, screen)))
    return same ? taken(typing, evidence ?? 'echo') : undefined
  if (evidence === undefined)
    return sameScreen(rest.left, screen)
      ? { kind: 'busy', why: 'what was typed has not shown up; it is not typed a second time' }
      : undefined
  if (same && !rest.probed) {
    const outcome = rest.entered && (await send(typing, rest, screen, evidence, 1, signal))
    return outcome && outcome !== 'changed' ? outcome : settleAndSend(typing, rest, signal)
  }
  await withdraw(typing, rest, screen)
  return { kind: 'busy', why: takingBack }
}

const takingBack = 'an earlier message stands unsent in the input box and is being taken back'

const isBeingTakenBack = (rest: Unsettled, screen: Screen, now: number): boolean =>
  rest.takenBackAt !== undefined && now - rest.takenBackAt < takenBackPatienceMs && !isAsBefore(rest, screen)

async function typeInto(typing: Typing, entry: Entry, signal: AbortSignal): Promise<Outcome> {
  const { surface } = typing
  await typing.hooks.begin()
  const text = entry.probed ? `${entry.text}${probe}` : entry.text
  typing.standing = { text, entered: false }
  const failed = await surface.put(text, entry.before)
  if (failed) {
    typing.standing = undefined
    return failed.kind === 'changed' ? { kind: 'busy', why: 'its screen changed just now' } : failed
  }
  noteTyped(typing, entry)
  const limitMs = echoMs + text.length * echoMsPerCharacter
  const seen = await until(surface, limitMs, signal, 0, (now) => shows(entry, text, now) || now.draft)
  if (seen.kind !== 'screen') return seen
  if (shows(entry, text, seen)) {
    if (entry.probed) await removeProbe(surface, seen)
    typing.standing = { text: entry.text, entered: false }
    return settleAndSend(typing, entry, signal)
  }
  noteUnsettled(typing, entry, seen, false)
  if (!sameScreen(entry.before, seen)) await withdraw(typing, entry, seen)
  return { kind: 'busy', why: 'what was typed did not show up, so it was not sent' }
}

const shows = ({ before }: Entry, text: string, screen: Screen): boolean =>
  evidenceOf(before, screen, text) !== undefined

function noteTyped(typing: Typing, entry: Entry): void {
  typing.last = entry.text
  typing.own = [...typing.own.filter((text) => text !== entry.text), entry.text].slice(-remembered)
  noteUnsettled(typing, entry, entry.before, false)
}

/** An unsent text is out of the way before a person's keys join it; with Enter alone they send it. */
async function onPersonKeys(typing: Typing, pressedEnter: boolean): Promise<void> {
  if (!typing.unsettled) return
  const seen = await typing.surface.look()
  if (!typing.unsettled || seen.kind !== 'screen') return
  const entered = pressedEnter && dialogOn(seen) === undefined
  const unsettled = { ...typing.unsettled, entered, ...(entered && { left: seen }) }
  typing.unsettled = unsettled
  if (!entered && unsettled.takenBackAt === undefined && evidenceIn(unsettled, seen))
    await withdraw(typing, unsettled, seen)
}
