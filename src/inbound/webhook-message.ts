import type { Hook } from '../domain/hook.ts'
import { isBlank } from '../domain/message.ts'
import { compileFilter, pathsIn } from '../payload/filter.ts'
import { parseNested } from '../payload/nested.ts'
import { parsePayload } from '../payload/parse.ts'
import {
  compileTemplate,
  namesInTemplate,
  type RenderOptions,
  render,
  type Template,
} from '../payload/template.ts'
import type { View } from '../payload/view.ts'
import { type IgnoredEvent, type PresetEvent, readEvent } from '../providers/event.ts'
import { presetOf, senders } from '../providers/index.ts'
import { cut, longestValue } from '../providers/preset.ts'

/** A body as the hook's filter and template see it. Throws what `parsePayload` throws. */
export async function readPayload(hook: Hook, body: Uint8Array, header: HookInput['header']): Promise<View> {
  const { preset, verify, bodyFormat: format } = hook
  const parse =
    format === undefined || format === 'auto' ? (parserOf(preset) ?? parserOf(verify.scheme)) : undefined
  const payload = parse
    ? await parse(body, header)
    : await parsePayload(body, header('content-type') ?? '', { format, wholeText: () => asksForText(hook) })
  return parseNested(payload, hook.parse ?? [])
}

const parserOf = (sender: string | undefined) =>
  sender === undefined ? undefined : senders.get(sender)?.parse

/** Whether a hook takes plain text as a whole, and nothing out of it: text that happens to be JSON is the message then. */
function asksForText({ preset, template, filter, parse = [] }: Hook): boolean {
  if (preset !== undefined || template === undefined || parse.length > 0) return false
  const names = namesInTemplate(compileTemplate(template)).filter((name) => name !== '.')
  const asked = [...names, ...(filter ? pathsIn(filter) : [])]
  return asked.length > 0 && asked.every((name) => name === 'text' || name === 'body')
}

/** Payload to message by the filter, preset and template of one hook, which are compiled once. Pure. */
export type HookRenderer = (input: HookInput) => Rendering

interface HookInput {
  readonly payload: View
  /** The value of a request header, by lower-case name. */
  readonly header: (name: string) => string | undefined
}

export type Rendering =
  | { readonly kind: 'text'; readonly text: string }
  /** Of no interest to the agent: answered `ignored` and not stored. */
  | { readonly kind: 'ignored'; readonly why: string }
  /** Stored as FAILED with the step `template`. */
  | { readonly kind: 'failed'; readonly why: string }

/** Throws `config_invalid` for a template or a pattern that does not work. */
export function createHookRenderer(hook: Hook): HookRenderer {
  const filter = hook.filter === undefined ? undefined : compileFilter(hook.filter)
  const template = hook.template === undefined ? undefined : compileTemplate(hook.template)
  const templateOf = compiledOnce()
  return (input) => {
    const verdict = filter?.(input)
    if (verdict?.holds === false)
      return { kind: 'ignored', why: `the filter does not match: ${verdict.clause()}` }
    const event = eventOf(hook, input)
    if ('ignored' in event)
      return { kind: 'ignored', why: `the preset "${hook.preset}" ignores this event: ${event.ignored}` }
    return template
      ? rendered(template, event.view)
      : rendered(templateOf(event.template), event.view, shortened)
  }
}

/** For the templates of one preset, of which there are not many. */
function compiledOnce(): (source: string) => Template {
  const templates = new Map<string, Template>()
  return (source) => {
    const template = templates.get(source) ?? compileTemplate(source)
    templates.set(source, template)
    return template
  }
}

/** `createHookRenderer` once for each hook of each loaded configuration. */
export function createHookRenderers(): (hook: Hook) => HookRenderer {
  const renderers = new WeakMap<Hook, HookRenderer>()
  return (hook) => {
    const known = renderers.get(hook) ?? createHookRenderer(hook)
    renderers.set(hook, known)
    return known
  }
}

function eventOf(hook: Hook, { payload, header }: HookInput): PresetEvent | IgnoredEvent {
  const preset = presetOf(hook.preset)
  return preset
    ? readEvent(preset, payload, header, hook.template !== undefined)
    : { template: '', view: payload, lacks: undefined }
}

/** What a preset prints of one value, which may be as long as a body. */
const shortened = { interpolate: (text: string) => cut(text, longestValue), maxLength: 33_554_432 }
const longestText = 262_144

function rendered(
  template: Template,
  view: View,
  options: RenderOptions = { maxLength: longestText },
): Rendering {
  const rendering = render(template, view, options)
  if (rendering.kind === 'failed') return rendering
  const text = rendering.text.trimEnd()
  if (text.length > longestText) return { kind: 'failed', why: 'the rendered text is too long' }
  if (isBlank(text)) return { kind: 'failed', why: 'the message renders blank' }
  return { kind: 'text', text }
}
