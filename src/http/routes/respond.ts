import type { Respond } from '../../domain/hook.ts'
import { compileTemplate, render } from '../../payload/template.ts'
import type { View } from '../../payload/view.ts'

/** What a sender is told of its knock: usually as JSON. */
export interface Told {
  readonly body: object
  readonly status: number
  readonly replayed: boolean
}

/**
 * The answer in a sender's own form; undefined where it sets no body, or one that renders too long: then it is told as
 * usual. Nothing of it is ever shown as a page of ours.
 */
export function respondTo({ status, contentType, body: source }: Respond, told: Told): Response | undefined {
  if (source === undefined) return undefined
  const type = contentType ?? 'text/plain; charset=utf-8'
  const rendering = render(compileTemplate(source), viewOf(told.body), {
    interpolate: (text, raw) => (raw ? text : escaped(text, type)),
  })
  if (rendering.kind === 'failed') return undefined
  const { text } = rendering
  return new Response(text === '' ? null : text, {
    status: status ?? told.status,
    headers: {
      ...(text !== '' && { 'content-type': type }),
      ...(told.replayed && { 'idempotency-replayed': 'true' }),
      ...fixedHeaders,
    },
  })
}

const fixedHeaders = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
}

/** The receipt, and its status once more as a name that a section can ask for. */
function viewOf(body: object): View {
  const told: Record<string, View> = Object.assign(Object.create(null), JSON.parse(JSON.stringify(body)))
  if (typeof told.status === 'string') told[told.status] = true
  return told
}

/** A value that cannot end the string or the element it stands in. */
function escaped(text: string, type: string): string {
  if (/[/+]json\b/i.test(type)) return JSON.stringify(text).slice(1, -1)
  if (/[/+](xml|html|xhtml)\b/i.test(type))
    return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
  return /x-www-form-urlencoded/i.test(type) ? encodeURIComponent(text.toWellFormed()) : text
}
