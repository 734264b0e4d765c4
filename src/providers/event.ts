import { compileFilter } from '../payload/filter.ts'
import type { View } from '../payload/view.ts'
import { at, extended } from './preset.ts'
import type { Message, Preset } from './sender.ts'

/** What a preset makes of one payload. */
export interface PresetEvent {
  readonly template: string
  /** The payload, the names derived from it, and `event`. */
  readonly view: View
  /** What the payload lacks to be this event; undefined when it fits. */
  readonly lacks: string | undefined
}

/** Why an event starts no turn, in words of the preset. */
export interface IgnoredEvent {
  readonly ignored: string
}

/** With a template of the hook's own, its `filter` decides what is of interest: the preset leaves out less. */
export function readEvent(
  preset: Preset,
  payload: View,
  header: (name: string) => string | undefined,
  ownTemplate = false,
): PresetEvent | IgnoredEvent {
  const event = preset.eventOf(payload, header)
  const nothing = own(preset.nothingIn ?? {}, event)
  if (nothing !== undefined) return { ignored: `${event}, ${nothing}` }
  const listed = own(preset.messages, event)
  if (typeof listed === 'string' && !ownTemplate) return { ignored: `${event}, ${listed}` }
  const message = typeof listed === 'object' ? listed : preset.otherwise
  if (!message && !ownTemplate) return { ignored: 'it has no message for it' }
  const clause = message && whyNot(message, ownTemplate, { payload, header })
  if (clause !== undefined) return { ignored: message === preset.otherwise ? clause : `${event}, ${clause}` }
  return eventView(preset, message, event, { payload, header })
}

/** Only own names: the event comes from outside. */
const own = <Value>(table: { readonly [event: string]: Value }, event: string): Value | undefined =>
  Object.hasOwn(table, event) ? table[event] : undefined

interface Given {
  readonly payload: View
  readonly header: (name: string) => string | undefined
}

/** The clause of a message's conditions that says no. */
function whyNot({ only, byDefault }: Message, ownTemplate: boolean, given: Given): string | undefined {
  const conditions = [only, ownTemplate ? undefined : byDefault].filter((one) => one !== undefined)
  const verdict = compileFilter({ all: conditions })(given)
  return verdict.holds ? undefined : verdict.clause()
}

function eventView(
  preset: Preset,
  message: Message | undefined,
  event: string,
  { payload, header }: Given,
): PresetEvent {
  const lacks = message && lackOf(message, payload)
  const shown = (lacks !== undefined && preset.otherwise) || message
  const names = {
    event,
    ...preset.derive?.(payload, header),
    ...message?.derive?.(payload),
    ...shown?.derive?.(payload),
  }
  return {
    template: shown?.template ?? '',
    view: extended(payload, names),
    lacks: lacks ?? (event === '' ? 'the name of an event' : undefined),
  }
}

const lackOf = ({ about }: Message, payload: View): string | undefined =>
  about !== undefined && at(payload, about) === null ? about : undefined
