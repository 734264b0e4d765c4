import { minSecretLength } from '../domain/verify.ts'
import { commonWords, keyboardRows, leet } from './common-words.ts'

const fewestDifferent = 8

/**
 * Why somebody who tries what people choose would find a secret, as the end of a sentence that begins with it; undefined when
 * it takes more than that. Its parts are counted: a character is one, and so is a run of an alphabet or a keyboard, and what
 * stood there before, and, once more, a common word. A phrase is taken where not all of its words are common, or where
 * there are five.
 */
export function whyGuessable(secret: string): string | undefined {
  if ([...secret].length < minSecretLength) return `must have ${minSecretLength} characters or more`
  const signs = [...secret.normalize('NFKC').toLowerCase()].slice(0, looked.at(-1))
  if (new Set(signs).size < fewestDifferent)
    return `must have ${fewestDifferent} different characters or more`
  if (isRepeated(signs)) return 'must not be one piece over and over'
  const isFew = (length: number) => isOfRuns(signs.slice(0, length)) || isOfWords(signs.slice(0, length))
  return looked.every(isFew)
    ? 'must not be made of a few common words, repetitions, or runs of an alphabet, digits or a keyboard'
    : undefined
}

/** Signs from the beginning: what is random shows it soon, and a long secret costs more to look at. */
const looked = [32, 256]

type Signs = readonly string[]

/** A piece twice or more, cut anywhere at the end. */
function isRepeated(signs: Signs): boolean {
  for (let period = 1; period <= signs.length / 2; period++)
    if (signs.every((sign, i) => i < period || sign === signs[i - period])) return true
  return false
}

const fewestRuns = 7

/** As it is, without what separates, and every second sign beside the others (`1a2b3c4d`). */
function isOfRuns(signs: Signs): boolean {
  const bare = bareOf(signs)
  const [even, odd] = [0, 1].map((first) => partsOf(signs.filter((_, i) => i % 2 === first)))
  const counts = [
    partsOf(signs),
    (even ?? 0) + (odd ?? 0),
    ...(bare.length < fewestRuns ? [] : [partsOf(bare)]),
  ]
  return counts.some((count) => count < fewestRuns)
}

const isOfWords = (signs: Signs): boolean =>
  partsOf(signs, spelledIn(signs)) < 5 || partsOf(bareOf(signs), spelledIn(bareOf(signs))) < 5

const bareOf = (signs: Signs): Signs => signs.filter((sign) => /[\p{L}\p{N}]/u.test(sign))

const spelledIn = (signs: Signs): Signs => [
  onePlaceEach(signs),
  onePlaceEach(signs.map((sign) => leet[sign] ?? sign)),
]

/** The fewest parts that the text can be cut into; with common words where it is given as one looks for them. */
function partsOf(signs: Signs, spellings: Signs = []): number {
  const fewest = [0, ...signs.map(() => Number.POSITIVE_INFINITY)]
  for (let from = 0; from < signs.length; from++) {
    const parts = (fewest[from] ?? 0) + 1
    for (const length of partsFrom(signs, spellings, from))
      fewest[from + length] = Math.min(fewest[from + length] ?? parts, parts)
  }
  return fewest[signs.length] ?? 0
}

/** How long one part may be that begins there: of a run or a repetition every beginning is one, too. */
function partsFrom(signs: Signs, spellings: Signs, from: number): readonly number[] {
  const longest = Math.max(stepsFrom(signs, from), rowFrom(signs, from), copyFrom(signs, from))
  const runs = longest < 3 ? [] : Array.from({ length: longest - 2 }, (_, i) => i + 3)
  return [1, ...runs, ...spellings.flatMap((spelled) => wordsFrom(spelled, from))]
}

const wordsBySign = Map.groupBy(commonWords, (word) => word[0])

const wordsFrom = (spelled: string, from: number): readonly number[] =>
  (wordsBySign.get(spelled[from]) ?? [])
    .filter((word) => spelled.startsWith(word, from))
    .map((word) => word.length)

const onePlaceEach = (signs: Signs): string =>
  signs.map((sign) => (sign.length === 1 ? sign : '\uffff')).join('')

const code = (sign: string | undefined): number => sign?.codePointAt(0) ?? Number.NaN

/** Of any alphabet: each sign as far from the one before as that from its own, at most three places. */
function stepsFrom(signs: Signs, from: number): number {
  const step = code(signs[from + 1]) - code(signs[from])
  if (!(Math.abs(step) <= 3)) return 1
  let length = 2
  while (code(signs[from + length]) - code(signs[from + length - 1]) === step) length++
  return length
}

const rows: readonly Signs[] = keyboardRows
  .map((row) => [...row, ...row])
  .flatMap((row) => [row, row.toReversed()])

/** For each sign the rows that begin with it. */
const rowsBySign = Map.groupBy(
  rows.flatMap((row) => row.slice(0, row.length / 2).map((_, at) => row.slice(at))),
  ([sign]) => sign,
)

const rowFrom = (signs: Signs, from: number): number =>
  Math.max(0, ...(rowsBySign.get(signs[from]) ?? []).map((row) => sameLength(row, 0, signs, from)))

/** What stood there before, forwards or backwards. */
function copyFrom(signs: Signs, from: number): number {
  let longest = 0
  const back = signs.slice(0, from).reverse()
  for (let at = 0; at < from; at++)
    longest = Math.max(longest, sameLength(signs, at, signs, from), sameLength(back, at, signs, from))
  return longest
}

function sameLength(a: Signs, at: number, b: Signs, from: number): number {
  if (at < 0) return 0
  let length = 0
  while (from + length < b.length && a[at + length] === b[from + length]) length++
  return length
}
