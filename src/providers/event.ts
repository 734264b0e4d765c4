import { compileFilter } from '../payload/filter.ts'
import type { View } from '../payload/view.ts'
import { extended } from './preset.ts'
import type { Message, Preset } from './sender.ts'

/** What a preset makes of one payload. */
export interface PresetEvent {
  readonly template: string
  /** The payload, the names derived from it, and `event`. */
  readonly view: View
}

/** Undefined for an event that is of no interest to an agent. */
export function readEvent(
  preset: Preset,
  payload: View,
  header: (name: string) => string | undefined,
): PresetEvent | undefined {
  const event = preset.eventOf(payload, header)
  const message = messageFor(preset, event)
  if (!message || (message.only && !compileFilter(message.only)({ payload, header }))) return undefined
  return { template: message.template, view: extended(payload, { event, ...message.derive?.(payload) }) }
}

/** Only own names: the event comes from outside. */
const messageFor = (preset: Preset, event: string): Message | undefined =>
  Object.hasOwn(preset.messages, event) ? preset.messages[event] : preset.otherwise
