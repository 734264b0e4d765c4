export interface CharTest {
  readonly char: RegExp
  /** Earlier results of `char`, which is too slow to run again for every place of a text. */
  readonly known: Map<string, boolean>
}

export type Edge = '^' | '$' | '\\b' | '\\B'

export type State =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'edge'; readonly edge: Edge }
  /** Goes on at each of these places, relative to itself. */
  | { readonly kind: 'jump'; readonly by: number[] }
  | { readonly kind: 'found' }

/**
 * Walks all ways through the states at once, one character at a time; a match may begin anywhere. Not further than `most`
 * characters, which is no end that `$` would match.
 */
export function run(states: readonly State[], chars: readonly string[], most: number): boolean {
  const walk: Walk = { states, chars, reachedAt: new Int32Array(states.length).fill(-1), reached: [] }
  let waiting: number[] = []
  for (let at = 0; at <= Math.min(chars.length, most); at++) {
    walk.reached = []
    waiting.push(0)
    for (const index of waiting) if (follow(walk, index, at)) return true
    const char = chars[at]
    waiting = []
    if (char !== undefined)
      for (const index of walk.reached) if (accepts(states[index], char)) waiting.push(index + 1)
  }
  return false
}

interface Walk {
  readonly states: readonly State[]
  readonly chars: readonly string[]
  /** For each state the last place where it was reached. */
  readonly reachedAt: Int32Array
  /** The states reached at this place that wait for a character. */
  reached: number[]
}

/** Adds every state that is reached from here without a character; true when that is the end. */
function follow({ states, chars, reachedAt, reached }: Walk, from: number, at: number): boolean {
  const todo = [from]
  for (let index = todo.pop(); index !== undefined; index = todo.pop()) {
    if (reachedAt[index] === at) continue
    reachedAt[index] = at
    const state = states[index]
    if (state?.kind === 'found') return true
    if (state?.kind === 'char') reached.push(index)
    if (state?.kind === 'edge' && isEdge(state.edge, chars, at)) todo.push(index + 1)
    if (state?.kind === 'jump') for (const by of state.by) todo.push(index + by)
  }
  return false
}

function isEdge(edge: Edge, chars: readonly string[], at: number): boolean {
  if (edge === '^') return at === 0
  if (edge === '$') return at === chars.length
  const isWord = (char = ''): boolean => /^\w$/.test(char)
  return (isWord(chars[at - 1]) !== isWord(chars[at])) === (edge === '\\b')
}

function accepts(state: State | undefined, char: string): boolean {
  if (state?.kind !== 'char') return false
  const { test } = state
  const known = test.known.get(char)
  if (known !== undefined) return known
  const answer = test.char.test(char)
  if (test.known.size < 1024) test.known.set(char, answer)
  return answer
}
