import { compileFilter } from '../payload/filter.ts'
import type { View } from '../payload/view.ts'
import { alertmanager, grafana } from './alerts.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import { extended, type Message, type Preset } from './preset.ts'
import { sentry } from './sentry.ts'
import { stripe } from './stripe.ts'

export const presetNames = ['github', 'gitlab', 'alertmanager', 'grafana', 'sentry', 'stripe'] as const
export type PresetName = (typeof presetNames)[number]

/** Ready-made messages for known senders, by the name a hook calls them. */
export const presets: Readonly<Record<PresetName, Preset>> = {
  github,
  gitlab,
  alertmanager,
  grafana,
  sentry,
  stripe,
}

export const isPresetName = (name: string): name is PresetName => Object.hasOwn(presets, name)

/** What a preset makes of one knock. */
export interface PresetEvent {
  readonly event: string
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
  return {
    event,
    template: message.template,
    view: extended(payload, { event, ...message.derive?.(payload) }),
  }
}

/** Only own names: the event comes from outside. */
const messageFor = (preset: Preset, event: string): Message | undefined =>
  Object.hasOwn(preset.messages, event) ? preset.messages[event] : preset.otherwise
