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

export function readEvent(
  preset: Preset,
  payload: View,
  header: (name: string) => string | undefined,
): PresetEvent | IgnoredEvent {
  const event = preset.eventOf(payload, header)
  const message = messageFor(preset, event)
  if (typeof message === 'string') return { ignored: `${event}, ${message}` }
  if (!message) return { ignored: 'it has no message for it' }
  const verdict = message.only && compileFilter(message.only)({ payload, header })
  if (verdict?.holds === false)
    return { ignored: message === preset.otherwise ? verdict.clause() : `${event}, ${verdict.clause()}` }
  const lacks = lackOf(message, payload)
  const shown = (lacks !== undefined && preset.otherwise) || message
  const names = {
    event,
    ...preset.derive?.(payload, header),
    ...message.derive?.(payload),
    ...shown.derive?.(payload),
  }
  return {
    template: shown.template,
    view: extended(payload, names),
    lacks: lacks ?? (event === '' ? 'the name of an event' : undefined),
  }
}

/** Only own names: the event comes from outside. */
const messageFor = (preset: Preset, event: string): Message | string | undefined =>
  Object.hasOwn(preset.messages, event) ? preset.messages[event] : preset.otherwise

const lackOf = ({ about }: Message, payload: View): string | undefined =>
  about !== undefined && at(payload, about) === null ? about : undefined
