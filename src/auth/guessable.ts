import { minSecretLength } from '../domain/verify.ts'
import { commonWords, keyboardRows, leet, littleWords } from './common-words.ts'

const fewestDifferent = 8

/**
 * Why somebody who tries what people choose would find a secret, as the end of a sentence that begins with it; undefined when
 * it takes more than that.
 */
export const whyGuessable = (secret: string): string | undefined =>
  [...secret].length < minSecretLength
    ? `must have ${minSecretLength} characters or more`
    : whyPatterned(secret)

/**
 * `whyGuessable` of a secret that may be short. Its parts are counted: a character is one, and so is a run of an alphabet or a
 * keyboard, and what stood there before, and, once more, a common word, a year and a date; a little word is half a part. A
 * phrase is taken where not all of its words are common, or where there are five.
 */
export function whyPatterned(secret: string): string | undefined {
  const plain = secret.normalize('NFKC')
  const signs = [...plain.toLowerCase()].slice(0, looked.at(-1))
  if (new Set(plain).size < fewestDifferent)
    return `must have ${fewestDifferent} different characters or more`
  if (isRepeated(signs) || isRepeated(behindPrefix(signs))) return 'must not be one piece over and over'
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

/** What follows `whsec_` and its like. */
const behindPrefix = (signs: Signs): Signs =>
  signs.slice(/^[a-z]{1,8}_/.exec(signs.join(''))?.[0].length ?? 0)

const fewestRuns = 7

/**
 * As it is, without what separates, and each piece once (`a1a1b2b2`): in one row, and every second sign beside the others
 * (`1a2b3c4d`). Of what is short, random signs make few parts, too.
 */
function isOfRuns(signs: Signs): boolean {
  const once = [...signs.join('').replace(/(.{1,4}?)\1+/gsu, '$1')]
  return [signs, bareOf(signs), once].some((text) => {
    const fewest = Math.min(fewestRuns, text.length / 2)
    return partsOf(text) < fewest || partsOfHalves(text) < fewest
  })
}

function partsOfHalves(signs: Signs): number {
  const [even, odd] = [0, 1].map((first) => partsOf(signs.filter((_, i) => i % 2 === first)))
  return (even ?? 0) + (odd ?? 0)
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
  const wordsFrom = wordsIn(spellings)
  for (let from = 0; from < signs.length; from++) {
    const before = fewest[from] ?? 0
    const take = (length: number, parts: number) => {
      fewest[from + length] = Math.min(fewest[from + length] ?? before, before + parts)
    }
    for (const length of runsFrom(signs, from)) take(length, 1)
    for (const word of wordsFrom(from)) take(word.length, littleWords.includes(word) ? 0.5 : 1)
  }
  return fewest[signs.length] ?? 0
}

/** How long one part may be that begins there: of a run or a repetition every beginning is one, too. */
function runsFrom(signs: Signs, from: number): readonly number[] {
  const longest = Math.max(stepsFrom(signs, from), rowFrom(signs, from), copyFrom(signs, from))
  return longest < 3 ? [1] : [1, ...Array.from({ length: longest - 2 }, (_, i) => i + 3)]
}

const wordsBySign = Map.groupBy([...commonWords, ...littleWords], (word) => word[0])

/** The common words, years and dates that begin at a place. */
const wordsIn =
  (spellings: Signs) =>
  (from: number): readonly string[] =>
    spellings.flatMap((spelled) => [
      ...(wordsBySign.get(spelled[from]) ?? []).filter((word) => spelled.startsWith(word, from)),
      ...dates.flatMap((date) => date.exec(spelled.slice(from, from + 8))?.[0] ?? []),
    ])

const dates = [
  /^(?:19|20)\d\d/,
  /^(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d/,
  /^[0-3]\d(?:0[1-9]|1[0-2])(?:19|20)\d\d/,
]

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
