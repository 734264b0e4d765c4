import type { Respond } from '../../domain/hook.ts'
import { compileTemplate, render } from '../../payload/template.ts'
import type { View } from '../../payload/view.ts'

/** The usual answer to a knock, to be spelled as JSON. */
export interface UsualAnswer {
  readonly body: object
  readonly status: number
  readonly replayed: boolean
}

/**
 * The answer in a sender's own form; undefined where it sets no body, or one that renders too long: then the
 * usual answer stands. Nothing of it is ever shown as a page of ours.
 */
export function respondTo(
  { status, contentType, body: source }: Respond,
  usual: UsualAnswer,
): Response | undefined {
  if (source === undefined) return undefined
  const type = contentType ?? 'text/plain; charset=utf-8'
  const rendering = render(compileTemplate(source), viewOf(usual.body), {
    interpolate: (text, raw) => (raw ? text : escaped(text, type)),
  })
  if (rendering.kind === 'failed') return undefined
  const { text } = rendering
  return new Response(text === '' ? null : text, {
    status: status ?? usual.status,
    headers: {
      ...(text !== '' && { 'content-type': type }),
      ...(usual.replayed && { 'idempotency-replayed': 'true' }),
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
  const view: Record<string, View> = Object.assign(Object.create(null), JSON.parse(JSON.stringify(body)))
  if (typeof view.status === 'string') view[view.status] = true
  return view
}

/** A value that cannot end the string or the element it stands in. */
function escaped(text: string, type: string): string {
  if (/[/+]json\b/i.test(type)) return JSON.stringify(text).slice(1, -1)
  if (/[/+](xml|html|xhtml)\b/i.test(type))
    return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
  return /x-www-form-urlencoded/i.test(type) ? encodeURIComponent(text.toWellFormed()) : text
}
