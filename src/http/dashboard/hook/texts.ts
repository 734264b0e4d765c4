import { Failure } from '../../../domain/error.ts'
import type { Hook } from '../../../domain/hook.ts'
import { readPayload } from '../../../inbound/webhook-message.ts'
import { isObject, type View } from '../../../payload/view.ts'
import { readEvent } from '../../../providers/event.ts'
import { presetOf } from '../../../providers/index.ts'
import { payloadTree } from '../delivery/payload-tree.ts'
import { type Preview, preview } from '../preview.ts'
import type { Bench } from './bench.ts'

/** Larger payloads are not drawn as a tree. Bytes. */
const largestTree = 2_000_000

/** What a page shows of one preview: the three are null but for one, and a warning. */
const previewView = (shown: Preview) => ({
  text: shown.kind === 'message' ? shown.text : null,
  warning: (shown.kind === 'message' && shown.warning) || null,
  trouble: shown.kind === 'trouble' ? shown.why : null,
  tone: shown.kind === 'trouble' && !shown.isIgnored ? 'failed' : 'waiting',
})

/** The hook with a template that is being tried; an empty one leaves the message to the preset, where there is one. */
function withTemplate(hook: Hook, source: string): Hook {
  const { template: _, ...rest } = hook
  return source === '' && hook.preset !== undefined ? rest : { ...rest, template: source }
}

/** The message as the door would make it now and, where the template is another than the configured one, by that. */
export async function messagesOf(hook: Hook, template: string, { sample, problem }: Bench, nonce: string) {
  if (problem !== undefined)
    return { asSent: { text: null, warning: null, trouble: problem, tone: 'failed' }, draft: null }
  const asSent = previewView(await preview(hook, sample, nonce))
  const isDraft = template !== (hook.template ?? '')
  const draft = isDraft ? previewView(await preview(withTemplate(hook, template), sample, nonce)) : null
  return { asSent, draft }
}

/** The names that templates and filters find in a payload, as trees; null for what cannot be read, or has none. */
export async function namesOf(hook: Hook, { sample }: Bench) {
  const { payload, headers } = sample
  const header = (name: string) => headers[name]
  if (payload.length > largestTree) return { tree: null, added: null }
  const view = await readPayload(hook, payload, header).catch(() => null)
  return {
    tree: payloadTree(view) ?? null,
    added: payloadTree(addedBy(hook, view, header), { filters: false }) ?? null,
  }
}

/** What the preset adds to the names of a payload, for templates alone. */
function addedBy(hook: Hook, payload: View, header: (name: string) => string | undefined): View {
  const preset = presetOf(hook.preset)
  const event = preset && readEvent(preset, payload, header, true)
  if (!event || 'ignored' in event || !isObject(event.view)) return null
  const own = isObject(payload) ? payload : {}
  return Object.fromEntries(Object.entries(event.view).filter(([name, value]) => own[name] !== value))
}

/** The template that the preset has for this payload. Throws `unprocessable` where it has none, and what `readPayload` throws. */
export async function presetTemplate(hook: Hook, { sample }: Bench): Promise<string> {
  const preset = presetOf(hook.preset)
  if (!preset) throw new Failure('unprocessable', 'This hook has no preset.')
  const header = (name: string) => sample.headers[name]
  const event = readEvent(preset, await readPayload(hook, sample.payload, header), header)
  if (!('ignored' in event)) return event.template
  throw new Failure('unprocessable', `The preset has no message for this payload: ${event.ignored}.`)
}
