import { Failure } from '../domain/error.ts'
import { type CharTest, type Edge, run, type State } from './pattern-states.ts'

interface Pattern {
  /** Whether it occurs in the text, as far as that is looked at. */
  readonly matches: (text: string) => boolean
  /** How many characters of the text are looked at. */
  readonly examined: (text: string) => number
}

const maxSourceLength = 500
const maxDepth = 20
const maxStates = 300
/** However many states a pattern has, this much of a text is looked at; of a pattern of few states more. */
const leastReach = 4096
/** Of one test: a state looked at for a character. Some five milliseconds. */
const maxSteps = 200_000
/** The longest text that is searched for plain characters alone, which takes about a millisecond. */
const longestPlain = 1_048_576

/**
 * A regular expression whose work grows only with the length of its text (Thompson 1968), so that no payload can stall
 * it. JavaScript's syntax for single characters, classes and escapes; `|`, groups, `* + ? {n} {n,} {n,m}`, `^ $ \b \B`,
 * and `(?i)` in front. Look-around and back-references are refused. Throws `config_invalid`.
 */
export function compilePattern(source: string): Pattern {
  if (source.length > maxSourceLength) throw refusal(`it is longer than ${maxSourceLength} characters`)
  const flags = source.startsWith('(?i)') ? 'isu' : 'su'
  const parser: Parser = { source, at: flags === 'isu' ? 4 : 0, flags, depth: 0 }
  const tree = parseChoice(parser)
  if (parser.at < source.length) throw refusal(`nothing opens ")" at character ${parser.at + 1}`)
  const states: State[] = []
  emit(states, tree)
  add(states, { kind: 'found' })
  const row = rowOf(tree)
  const plain = row === undefined ? undefined : new RegExp(row, flags)
  const most = Math.max(leastReach, Math.floor(maxSteps / states.length))
  const isShort = (text: string): boolean => plain !== undefined && text.length <= longestPlain
  return {
    matches: (text) =>
      plain && isShort(text) ? plain.test(text) : run(states, [...text.slice(0, most + 1)], most),
    examined: (text) => Math.min(text.length, isShort(text) ? longestPlain : most),
  }
}

/**
 * Characters one after the other, or some such in a choice, as JavaScript's own pattern: that, too, is found in linear time.
 * Undefined for all others.
 */
function rowOf(tree: Tree): string | undefined {
  if (tree.kind === 'char') return `(?:${tree.test.char.source.slice(1, -1)})`
  if (tree.kind === 'edge') return tree.edge
  if (tree.kind === 'repeat') return undefined
  const isChoice = tree.kind === 'choice'
  const parts = isChoice ? tree.options : tree.parts
  const rows = parts.map((part) => (part.kind === 'choice' ? undefined : rowOf(part)))
  return rows.includes(undefined) ? undefined : rows.join(isChoice ? '|' : '')
}

type Tree =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'edge'; readonly edge: Edge }
  | { readonly kind: 'sequence'; readonly parts: readonly Tree[] }
  | { readonly kind: 'choice'; readonly options: readonly Tree[] }
  | { readonly kind: 'repeat'; readonly part: Tree; readonly min: number; readonly max: number }

interface Parser {
  readonly source: string
  at: number
  readonly flags: string
  depth: number
}

const refusal = (why: string): Failure => new Failure('config_invalid', `The pattern does not work: ${why}.`)

/** Consumes a match of the sticky expression at the parser's place. */
function take(parser: Parser, sticky: RegExp): RegExpExecArray | null {
  sticky.lastIndex = parser.at
  const found = sticky.exec(parser.source)
  if (found) parser.at += found[0].length
  return found
}

function parseChoice(parser: Parser): Tree {
  const first = parseSequence(parser)
  const options = [first]
  while (take(parser, /\|/y)) options.push(parseSequence(parser))
  return options.length === 1 ? first : { kind: 'choice', options }
}

function parseSequence(parser: Parser): Tree {
  const parts: Tree[] = []
  while (parser.at < parser.source.length && !/[|)]/.test(parser.source[parser.at] ?? ''))
    parts.push(parseRepeat(parser, parseAtom(parser)))
  return { kind: 'sequence', parts }
}

function parseRepeat(parser: Parser, part: Tree): Tree {
  // A lazy `?` behind it changes which match is found, never whether there is one.
  const found = take(parser, /(?:([*+?])|\{(\d{1,3})(?:(,)(\d{1,3})?)?\})\??/y)
  if (!found) return part
  const [, sign, least, comma, most] = found
  const min = sign ? (sign === '+' ? 1 : 0) : Number(least)
  const max = sign ? (sign === '?' ? 1 : Infinity) : most ? Number(most) : comma ? Infinity : min
  if (max < min) throw refusal(`"${found[0]}" counts backwards`)
  // An empty group repeated is empty; written out, nested ones could take forever.
  if (part.kind === 'sequence' && part.parts.length === 0) return part
  return { kind: 'repeat', part, min, max }
}

function parseAtom(parser: Parser): Tree {
  if (take(parser, /\(\?:|\((?!\?)/y)) return parseGroup(parser)
  const edge = take(parser, /\^|\$|\\[bB]/y)?.[0]
  if (edge) return { kind: 'edge', edge: edge as Edge }
  const start = parser.at + 1
  const atom = take(
    parser,
    /\\[pPu]\{[^}]*\}|\\u[\da-f]{4}|\\x[\da-f]{2}|\\.|\[(?:\\.|[^\]\\])*\]|[^()[\]{}*+?\\]/isuy,
  )
  if (!atom) throw refusal(`character ${start} is not understood`)
  return { kind: 'char', test: charTest(atom[0], parser.flags) }
}

function parseGroup(parser: Parser): Tree {
  if (++parser.depth > maxDepth) throw refusal(`groups nest deeper than ${maxDepth} levels`)
  const tree = parseChoice(parser)
  if (!take(parser, /\)/y)) throw refusal('a group is not closed')
  parser.depth--
  return tree
}

function charTest(atom: string, flags: string): CharTest {
  try {
    // On a single character the runtime's own expressions cannot run away.
    return { char: new RegExp(`^${atom === '.' ? '[^\\n]' : atom}$`, flags), known: new Map() }
  } catch {
    throw refusal(`"${atom}" is not understood`)
  }
}

function add(states: State[], state: State): void {
  if (states.push(state) > maxStates) throw refusal('it is too large once its repetitions are written out')
}

function emit(states: State[], tree: Tree): void {
  if (tree.kind === 'sequence') for (const part of tree.parts) emit(states, part)
  else if (tree.kind === 'choice') emitChoice(states, tree.options)
  else if (tree.kind === 'repeat') emitRepeat(states, tree)
  else add(states, tree)
}

function emitChoice(states: State[], options: readonly Tree[]): void {
  const fork: number[] = []
  const start = states.length
  add(states, { kind: 'jump', by: fork })
  const exits = options.map((option) => {
    fork.push(states.length - start)
    emit(states, option)
    const by: number[] = []
    add(states, { kind: 'jump', by })
    return { by, at: states.length - 1 }
  })
  for (const exit of exits) exit.by.push(states.length - exit.at)
}

function emitRepeat(states: State[], { part, min, max }: Extract<Tree, { kind: 'repeat' }>): void {
  for (let i = 0; i < min; i++) emit(states, part)
  if (max === Infinity) emitOptional(states, part, true)
  else for (let i = min; i < max; i++) emitOptional(states, part, false)
}

function emitOptional(states: State[], part: Tree, again: boolean): void {
  const start = states.length
  const by = [1]
  add(states, { kind: 'jump', by })
  emit(states, part)
  if (again) add(states, { kind: 'jump', by: [start - states.length] })
  by.push(states.length - start)
}
