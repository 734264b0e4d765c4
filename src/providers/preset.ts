import { isList, isObject, memberOf, type View, type ViewObject } from '../payload/view.ts'

/** The value under a dotted path, or null. */
export const at = (view: View, path: string): View =>
  path.split('.').reduce<View>((found, name) => memberOf(found, name) ?? null, view)

/** The string under a dotted path, or an empty one. */
export function textAt(view: View, path: string): string {
  const found = at(view, path)
  return typeof found === 'string' ? found : ''
}

/** The first of these paths under which there is a text. */
export const firstText = (view: View, ...paths: readonly string[]): string =>
  paths.map((path) => textAt(view, path)).find((text) => text !== '') ?? ''

export function listAt(view: View, path: string): readonly View[] {
  const found = at(view, path)
  return isList(found) ? found : []
}

/** The texts under one name in the members of a list: `alice, bob`. */
export const namesAt = (view: View, path: string, name: string): string =>
  listAt(view, path)
    .map((one) => textAt(one, name))
    .filter((text) => text !== '')
    .slice(0, 10)
    .join(', ')

export const firstLine = (text: string): string => cut(text.split('\n', 1)[0] ?? '', 300)

/** Longest value that a preset prints: the log in an issue is not the message. */
export const longestValue = 8000

/** The beginning of a long text, and how much more there is. An address is of use only whole. */
export function cut(text: string, most: number): string {
  if (text.length <= most || /^https?:\/\/\S+$/.test(text)) return text
  const kept = text.slice(0, most).replace(/[\ud800-\udbff]$/, '')
  return `${kept}… (${text.length - kept.length} more characters)`
}

/** `refs/heads/main` → `main` */
export const refName = (ref: string): string => ref.replace(/^refs\/(heads|tags)\//, '')

/** The same, with a tag told from a branch. */
export const refLabel = (ref: string): string => (ref.startsWith('refs/tags/') ? 'tag ' : '') + refName(ref)

/** The object name of nothing: before a ref was made, and after it was deleted. */
export const isNoCommit = (id: string): boolean => /^0{40,64}$/.test(id)

/** The first few of a list, and how many more there are of `total` (null for none, so that a section can ask). */
export const firstFew = (
  list: readonly View[],
  most: number,
  total: View = list.length,
): { shown: readonly View[]; more: View } => {
  const all = Math.max(list.length, typeof total === 'number' ? total : 0)
  return { shown: list.slice(0, most), more: all > most ? all - Math.min(most, list.length) : null }
}

/** A commit with `shortId` and `title`. */
export const commitView = (commit: View, digits: number): View =>
  extended(commit, {
    shortId: textAt(commit, 'id').slice(0, digits),
    title: firstLine(textAt(commit, 'message')),
  })

/** `rounding → main` */
export const arrow = (from: string, to: string): string => (from && to ? `${from} → ${to}` : from || to)

/** An object with further names beside its own. */
export const extended = (view: View, more: ViewObject): ViewObject =>
  Object.assign(Object.create(null), isObject(view) ? view : {}, more)

// Parts of templates that are there only where their value is, so that no message has a gap.

/** Within a line: `given(' by ', 'sender.login')`. */
export const given = (before: string, path: string, after = ''): string =>
  `{{#${path}}}${before}{{${path}}}${after}{{/${path}}}`

/** A line of its own. */
export const line = (path: string, before = ''): string => `{{#${path}}}\n${before}{{${path}}}\n{{/${path}}}`

/** A text after a blank line. */
export const paragraph = (path: string): string => `{{#${path}}}\n\n{{${path}}}\n{{/${path}}}`

// The same for the names that most presets derive: `where` something happened, and `who` did it.
export const inWhere: string = given(' in ', 'where')
export const ofWhere: string = given(' of ', 'where')
export const byWho: string = given(' by ', 'who')
export const somebody = '{{who}}{{^who}}Somebody{{/who}}'

export const lines = (...parts: readonly string[]): string => parts.join('\n')

/** The commits of a push, by `firstFew` and `commitView`. */
export const commitLines = `{{#shown}}
-${given(' ', 'shortId')}${given(' ', 'title')}{{^shortId}}{{^title}} a commit{{/title}}{{/shortId}}${given(' (', 'author.name', ')')}
{{/shown}}
{{#more}}
- and {{more}} more
{{/more}}`

/** What a thing is called, in the words of most senders, best first. */
const naming = [
  ...['title', 'display_title', 'name', 'login', 'full_name', 'tag_name', 'summary', 'note', 'identifier'],
  ...['status', 'content_type'],
]

/** Members beside an event's things that say what became of them. */
const plain = ['status', 'state', 'reason', 'workflow', 'ref', 'environment']

/** What an event without a message of its own is about: a name of each thing in it, and the first page to look at. */
export function thingsIn(payload: View, frame: readonly string[]): { things: string; page: string } {
  const members = isObject(payload) ? Object.entries(payload).filter(([name]) => !frame.includes(name)) : []
  const views = members.flatMap(([name, view]) => (isList(view) ? view.slice(0, 3) : [named(name, view)]))
  const names = views.map(nameOf).filter((name) => name !== '')
  return {
    things: [...new Set(names)].slice(0, 4).join(', '),
    page: views.map((view) => firstText(view, 'html_url', 'web_url')).find((url) => url !== '') ?? '',
  }
}

const named = (name: string, view: View): View =>
  plain.includes(name) ? extended(null, { name: view }) : view

/** The name of a thing; of one without a name, those of the things in it, but for who made it. */
function nameOf(thing: View): string {
  if (!isObject(thing)) return ''
  const own = firstLine(firstText(thing, ...naming))
  if (own !== '') return own
  const within = Object.entries(thing).filter(([name]) => name !== 'creator' && name !== 'owner')
  const names = within.map(([, view]) => firstLine(firstText(view, ...naming)))
  return names
    .filter((name) => name !== '')
    .slice(0, 2)
    .join(', ')
}
