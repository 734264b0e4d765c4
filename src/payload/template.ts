import mustache from 'mustache'
import { Failure, reasonOf } from '../domain/error.ts'
import { createOutput, type Output, print, spend, takeBack, write } from './template-output.ts'
import { digits, isDigits, isList, isObject, memberOf, type View } from './view.ts'

/** A parsed Mustache template. Plain data; partials and lambdas do not occur in it. */
export interface Template {
  readonly nodes: readonly Node[]
}

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly path: Path; readonly raw: boolean }
  | {
      readonly kind: 'section'
      readonly path: Path
      readonly inverted: boolean
      readonly body: readonly Node[]
    }

/** Empty for the implicit iterator `{{.}}`. */
type Path = readonly string[]

export type Rendering =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'failed'; readonly why: string }

export interface RenderOptions {
  /** Longest output, in UTF-16 units. */
  readonly maxLength?: number
  /** Most steps of work: a node rendered, a name looked for in one place, a value of a list. */
  readonly maxSteps?: number
  /** Maps the text of each value; identity by default. `raw` for `{{{x}}}` and `{{&x}}`. */
  readonly interpolate?: (text: string, raw: boolean) => string
}

const maxSourceLength = 65_536
const maxDepth = 64

/**
 * Parses Mustache: names, dotted names, sections, inverted sections, comments, delimiters. Throws `config_invalid`
 * with line and column for what does not parse, and for partials, which would be other templates.
 */
export function compileTemplate(source: string): Template {
  if (source.length > maxSourceLength)
    throw new Failure('config_invalid', `The template is longer than ${maxSourceLength} characters.`)
  return { nodes: nodesOf(tokensOf(source), source, 0) }
}

/**
 * Renders without HTML escaping. Missing names, null and prototypes are empty; lists and objects come out as JSON.
 * Stops as soon as the output or the work exceeds its bound, so it never holds the event loop for long.
 */
export function render(template: Template, view: View, options: RenderOptions = {}): Rendering {
  const output = createOutput(options.maxLength ?? 262_144, options.maxSteps ?? 200_000)
  renderNodes(template.nodes, { view, parent: undefined }, output, options.interpolate)
  return output.overrun === undefined
    ? { kind: 'text', text: output.parts.join('') }
    : { kind: 'failed', why: output.overrun }
}

/** Every name that a template asks for, dotted as it is written; `.` for the implicit iterator. */
export const namesInTemplate = ({ nodes }: Template): readonly string[] =>
  nodes.flatMap((node) =>
    node.kind === 'text'
      ? []
      : [
          node.path.join('.') || '.',
          ...(node.kind === 'section' ? namesInTemplate({ nodes: node.body }) : []),
        ],
  )

/** What mustache.js parses to: kind, value, start, end, and for sections the tokens within. */
type Token = readonly [kind: string, value: string, start: number, end: number, within?: unknown]

function tokensOf(source: string): readonly Token[] {
  try {
    // A new writer each time: the library's shared one caches every template for ever.
    return new mustache.Writer().parse(source) as readonly Token[]
  } catch (cause) {
    const reason = reasonOf(cause)
    const offset = / at (\d+)$/.exec(reason)?.[1]
    throw refusal(source, offset ? Number(offset) : source.indexOf('{{='), reason.replace(/ at \d+$/, ''))
  }
}

function nodesOf(tokens: readonly Token[], source: string, depth: number): readonly Node[] {
  return tokens.flatMap((token): readonly Node[] => {
    const [kind, value, start, , within] = token
    switch (kind) {
      case 'text':
        return [{ kind: 'text', text: value }]
      case 'name':
      case '&':
        return [{ kind: 'value', path: pathOf(value), raw: kind === '&' }]
      case '#':
      case '^':
        if (depth === maxDepth) throw refusal(source, start, `Sections nest deeper than ${maxDepth} levels`)
        return [
          {
            kind: 'section',
            path: pathOf(value),
            inverted: kind === '^',
            body: nodesOf(within as readonly Token[], source, depth + 1),
          },
        ]
      case '>':
        throw refusal(source, start, `Partials are not supported: "${value}"`)
      default:
        return []
    }
  })
}

const pathOf = (name: string): Path => (name === '.' ? [] : name.split('.'))

function refusal(source: string, offset: number, reason: string): Failure {
  const before = source.slice(0, Math.max(0, offset)).split('\n')
  const column = (before.at(-1)?.length ?? 0) + 1
  return new Failure('config_invalid', `line ${before.length}, column ${column}: ${reason}.`)
}

/** The views a name is looked for in, innermost first. */
interface Context {
  readonly view: View
  readonly parent: Context | undefined
}

type Interpolate = RenderOptions['interpolate']

function renderNodes(
  nodes: readonly Node[],
  context: Context,
  output: Output,
  interpolate: Interpolate,
): void {
  for (const node of nodes) {
    if (!spend(output)) return
    if (node.kind === 'text') write(output, node.text)
    else if (node.kind === 'value')
      renderValue(lookup(node.path, context, output), node.raw, output, interpolate)
    else renderSection(node, context, output, interpolate)
  }
}

function renderValue(value: View | undefined, raw: boolean, output: Output, interpolate: Interpolate): void {
  const mark = output.parts.length
  print(output, value)
  if (interpolate && output.parts.length > mark) write(output, interpolate(takeBack(output, mark), raw))
}

function renderSection(
  section: Extract<Node, { kind: 'section' }>,
  context: Context,
  output: Output,
  interpolate: Interpolate,
): void {
  const value = lookup(section.path, context, output)
  for (const inner of contextsOf(value, section.inverted, context)) {
    if (!spend(output)) return
    renderNodes(section.body, inner, output, interpolate)
  }
}

/**
 * The first context that has the beginning of the path decides; a broken chain below it is missing, not looked for further
 * out. At each level the longest key that is there wins: `a.b` of `{"a.b": 1, "a": {"b": 2}}` is 1.
 */
function lookup(path: Path, context: Context, output: Output): View | undefined {
  if (path.length === 0) return context.view
  let found: Member | undefined
  for (let at: Context | undefined = context; at && !found; at = at.parent) {
    if (!spend(output)) return undefined
    found = longestMember(at.view, path, 0, output)
  }
  while (found && found.next < path.length) {
    if (!spend(output)) return undefined
    found = longestMember(found.view, path, found.next, output)
  }
  return found?.view
}

interface Member {
  readonly view: View
  /** Where in the path the rest begins. */
  readonly next: number
}

/** Most names that are taken together for one key with dots. */
const mostJoined = 16

function longestMember(view: View, path: Path, from: number, output: Output): Member | undefined {
  if (isObject(view))
    for (let next = Math.min(path.length, from + mostJoined); next > from + 1; next--) {
      if (!spend(output)) return undefined
      const found = memberOf(view, path.slice(from, next).join('.'))
      if (found !== undefined) return { view: found, next }
    }
  const found = memberOf(view, path[from] ?? '')
  return found === undefined ? undefined : { view: found, next: from + 1 }
}

/** The contexts in which a section's body is rendered: none, this one, or one for each value of a list. */
function* contextsOf(value: View | undefined, inverted: boolean, context: Context): Iterable<Context> {
  const truthy = isTruthy(value)
  if (inverted) {
    if (!truthy) yield context
  } else if (truthy && value !== undefined) {
    if (isList(value)) for (const view of value) yield { view, parent: context }
    else yield value === true ? context : { view: value, parent: context }
  }
}

function isTruthy(value: View | undefined): boolean {
  if (value === undefined || value === null) return false
  if (isList(value)) return value.length > 0
  return isDigits(value) ? Number(value[digits]) !== 0 : Boolean(value)
}

/** The names that a template prints, but for those in sections, of which a view has none. */
export const missingNames = ({ nodes }: Template, view: View): readonly string[] => [
  ...new Set(
    nodes
      .filter((node) => node.kind === 'value')
      .filter(({ path }) => lookup(path, { view, parent: undefined }, createOutput(0, 1000)) === undefined)
      .map(({ path }) => path.join('.')),
  ),
]
