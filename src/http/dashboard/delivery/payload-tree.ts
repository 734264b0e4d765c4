import { digits, isDigits, isList, isObject, type View } from '../../../payload/view.ts'
import { escapeHtml } from '../escape.ts'
import { grouped } from '../page.ts'

/** So many members are drawn, and so deep; what is beyond stands in the raw payload. */
const [mostNodes, deepest] = [2000, 24]
/** Characters of a string before it is folded, and of all that is drawn of one. */
const [shortString, longString] = [160, 4000]

interface Node {
  readonly value: View
  /** The names that lead to it. */
  readonly path: readonly string[]
}

/**
 * A payload as folding lists: every member by its name, coloured by type. A name carries what a template and, unless `filters` is
 * false, a filter call it. Undefined for what has no members.
 */
export function payloadTree(payload: View, { filters = true } = {}): string | undefined {
  if (!hasMembers(payload)) return undefined
  let left = mostNodes
  const members = ({ value, path }: Node): string => {
    const entries = entriesOf(value)
    const shown = entries.slice(0, Math.max(0, left))
    left -= shown.length
    const items = shown.map(([name, inner]) => item(name, { value: inner, path: [...path, name] }))
    const hidden = entries.length - shown.length
    if (hidden > 0) items.push(`<li class="cut">${grouped(hidden)} more: see the raw payload</li>`)
    return `<ul>${items.join('')}</ul>`
  }
  const item = (name: string, node: Node): string => {
    const key = keyOf(name, node.path, filters)
    if (!hasMembers(node.value)) return `<li>${key} ${leaf(node.value)}</li>`
    if (node.path.length >= deepest)
      return `<li>${key} <span class="size">${sizeOf(node.value)}, too deep to be drawn</span></li>`
    const open = node.path.length <= 2 && entriesOf(node.value).length <= 24
    return `<li><details${open ? ' open' : ''}><summary>${key} <span class="size">${sizeOf(node.value)}</span></summary>${members(node)}</details></li>`
  }
  return members({ value: payload, path: [] })
}

const hasMembers = (value: View): boolean => (isList(value) || isObject(value)) && entriesOf(value).length > 0

const entriesOf = (value: View): readonly (readonly [string, View])[] =>
  isList(value) || isObject(value) ? Object.entries(value) : []

const sizeOf = (value: View): string => {
  const { length } = entriesOf(value)
  return isList(value) ? `[${length}]` : `{${length}}`
}

function keyOf(name: string, path: readonly string[], filters: boolean): string {
  const template = templateName(path)
  const data = [
    ...(template === undefined
      ? []
      : [`data-name="${escapeHtml(template)}" title="${escapeHtml(template)}"`]),
    ...(filters ? [`data-pointer="${escapeHtml(pointerTo(path))}"`] : []),
  ]
  return `<span class="key" ${data.join(' ')}>${escapeHtml(name === '' ? '""' : name)}</span>`
}

/** What a template calls it; undefined where its names cannot stand between braces. */
const templateName = (path: readonly string[]): string | undefined =>
  path.every((name) => /^[^\s{}#^/&>!=]+$/u.test(name)) ? `{{${path.join('.')}}}` : undefined

/** RFC 6901. */
const pointerTo = (path: readonly string[]): string =>
  path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

function leaf(value: View): string {
  if (isList(value)) return '<span class="size">[]</span>'
  if (typeof value === 'string') return stringOf(value)
  if (isDigits(value)) return `<span class="number">${escapeHtml(value[digits])}</span>`
  if (typeof value === 'object' && value !== null) return '<span class="size">{}</span>'
  return `<span class="${value === null ? 'null' : typeof value}">${String(value)}</span>`
}

function stringOf(text: string): string {
  const shown = (part: string) => `<span class="string">${escapeHtml(part)}</span>`
  if (text.length <= shortString) return shown(text)
  const rest = text.length - longString
  const cut = rest > 0 ? `<p class="cut">${grouped(rest)} characters more: see the raw payload</p>` : ''
  return `<details class="more"><summary>${shown(`${whole(text, shortString)}…`)}</summary>${shown(whole(text, longString))}${cut}</details>`
}

/** The beginning of a text, no sign cut in half. */
const whole = (text: string, length: number): string => text.slice(0, length).replace(/[\ud800-\udbff]$/, '')
