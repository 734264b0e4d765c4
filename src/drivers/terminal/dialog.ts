import { oneLine } from '../../domain/one-line.ts'
import { withoutOwnText } from './own-lines.ts'
import { questionIn } from './question.ts'
import type { Screen } from './screen.ts'

const linesLooked = 16

/**
 * What a person is asked for at the foot of a screen, as in `it waits for …`, or undefined. Knows menus (`❯ 1. Yes`), questions
 * (`[y/N]`), secrets and pagers. A dialog missed here takes no text either, so its missing echo still keeps Enter
 * back.
 */
export function dialogOn(screen: Screen): string | undefined {
  if (screen.cooked && screen.echo === false) return 'what it does not show (a password?)'
  const foot = footOf(screen, linesLooked)
  const seen = dialogIn(foot)
  if (seen === undefined) return undefined
  const others = withoutOwn(screen)
  // A menu is the agent's own when a message spells no more than one of its choices.
  return hasMenu(foot) && keepsChoice(screen, others) ? seen : dialogIn(footOf(others, linesLooked))
}

/** Whether the menu has a choice that we did not type. A list further up, like an agent's tips, is none of it. */
function keepsChoice({ lines }: Screen, others: Screen): boolean {
  const chosen = lines.findLastIndex((line) => selected.test(line))
  const first = lines.findLastIndex((line, at) => at < chosen && bounds.test(line)) + 1
  const below = lines.findIndex((line, at) => at > chosen && bounds.test(line))
  return others.lines.slice(first, below < 0 ? undefined : below).some((line) => option.test(line))
}

const footOf = ({ lines }: Pick<Screen, 'lines'>, count: number): readonly string[] =>
  lines.filter((line) => line.trim() !== '').slice(-count)

/** The screen as its program has drawn it: what we typed is no sign of what the program does. */
export const withoutOwn = (screen: Screen): Screen => {
  const { own = [], lines } = screen
  return own.length === 0 ? screen : { ...screen, lines: withoutOwnText(lines, own) }
}

function dialogIn(foot: readonly string[]): string | undefined {
  const last = (foot.at(-1) ?? '').trim()
  if (secret.test(last)) return 'a password'
  if (question.test(last)) return `an answer: ${oneLine(last)}`
  if (hasChoices(foot)) return decisionIn(foot)
  return pager.test(last) ? 'a key at its pager' : undefined
}

/** The rule of a dialog's frame and a line of hints may stand below its keys. */
const keysLooked = 3

const hasChoices = (foot: readonly string[]): boolean =>
  hasMenu(foot) ||
  confirmation.test((foot.at(-1) ?? '').trim()) ||
  foot.slice(-keysLooked).some((line) => keys.test(line)) ||
  foot.some((line) => buttons.test(line))

function decisionIn(foot: readonly string[]): string {
  const asked = questionIn(foot, (line) => [option, pointed, buttons].some((choice) => choice.test(line)))
  return asked === '' ? 'a decision' : `a decision: ${asked}`
}

const workLines = 8

/** Agents that a slow machine keeps from moving still show how to stop them: `(esc to interrupt)`. */
export const showsStopHint = (screen: Screen): boolean =>
  hasStopHint(screen) && hasStopHint(withoutOwn(screen))

const hasStopHint = (screen: Screen): boolean => footOf(screen, workLines).some((line) => stopHint.test(line))

const stopHint = /(?:[(•·]\s*|^[^\p{L}\d]*\s)esc (?:to )?(?:interrupt|cancel)\b/iu

const secret = /\b(?:password|passphrase|passcode|PIN)\b[^:?]{0,60}[:?]$/i
const question = /[[(](?:y|yes)\/(?:n|no)(?:\/\[?[^\])]{1,20}\]?)?[\])]\s*[:?]?$/i
const pager = /^(?:--\s?more\s?--.*|\(END\)|press (?:any key|enter|return)\b.*|:)$/i

/** The keys of a dialog whose choices have no numbers: `Enter to confirm · Esc to cancel`. */
const confirmation = /^[^\p{L}\d]*enter to (?:confirm|select|continue)\b/iu

/** `Enter to stay in auto mode · Esc to cancel`, `Press enter to confirm or esc to cancel`, `↑↓ navigate  enter select  escape/ctrl+c cancel`. */
const keys =
  /^[^\p{L}\d]*enter to \p{L}.*\besc to cancel\b|\benter\b.{0,12}\b(?:confirm|select|continue|submit|choose)\b.*\besc(?:ape)?\b.*\b(?:cancel|exit|quit|go back)\b/iu

/** Choices side by side: `Allow once   Allow always   Reject`. */
const buttons =
  /^[^\p{L}\d]*(?:allow|approve|accept|yes)\b[^.:]{0,40}?\s{2,}.*\b(?:reject|deny|decline|no|cancel)\b/iu

const selected = /^[\s│┃║|▌]*[❯›>●▶→»]\s*\d{1,2}[.)]\s/
const option = /^[\s│┃║|▌]*(?:[❯›>●▶→»○]\s*)?\d{1,2}[.)]\s/
/** A choice without a number that the keys are on. */
const pointed = /^[\s│┃║|▌]*[❯›▶→]\s+\S/
const decision =
  /\b(?:yes|no|allow|approve|deny|reject|cancel|proceed|trust|continue|exit|confirm|select|log ?in)\b/i

const prompt = /^[\s│┃║|▌]*[❯›>](?!\s*\d{1,2}[.)])/
/** A line without words, or a prompt: no menu goes on across it. */
const bounds = new RegExp(`^[^\\p{L}\\p{N}]*$|${prompt.source}`, 'u')

/** Whether the foot of the screen holds a place to type in, with no dialog over it. */
export const hasInputBox = (screen: Screen): boolean =>
  dialogOn(screen) === undefined && footOf(screen, linesLooked).some((line) => prompt.test(line))

/**
 * A chosen option among others, near a verb of decision, and no input box below. A numbered list in an answer lacks
 * one of these signs.
 */
function hasMenu(foot: readonly string[]): boolean {
  return foot.some((line, at) => {
    if (!selected.test(line) || foot.slice(at + 1).some((below) => prompt.test(below))) return false
    const near = foot.slice(Math.max(0, at - 4), at + 6)
    return near.filter((other) => option.test(other)).length > 1 && near.some((other) => decision.test(other))
  })
}
