/**
 * The text without characters that nobody sees: by them a text says to an agent what no person reads. Those that a script or
 * an emoji needs stay directly at the sign they belong to.
 */
export const withoutInvisible = (text: string): string => replaceInvisible(text, () => '')

/** The text with something in place of each of those characters. */
export const replaceInvisible = (text: string, by: (character: string) => string): string =>
  isAscii.test(text) ? text : text.replace(isRightToLeft.test(text) ? needless : needlessBesideMarks, by)

const isAscii = /^[\x00-\x7f]*$/

/** Of several direction marks in a row the first. */
export const withSingleMarks = (text: string): string =>
  text.replace(/([\u061c\u200e\u200f])[\u061c\u200e\u200f]+/g, '$1')

/** A visible sign of one of these scripts. */
const scripts = (names: string): string =>
  `[[${names
    .split(' ')
    .map((name) => `\\p{Script=${name}}`)
    .join('')}]--\\p{Default_Ignorable_Code_Point}]`

const isRightToLeft = new RegExp(scripts('Arabic Hebrew Syriac Thaana Nko'), 'v')

/** Their letters join; an invisible sign behind one says whether it does. */
const joining = scripts(
  'Arabic Syriac Mongolian Nko Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Khmer Myanmar',
)
/** They write no spaces; an invisible sign between two letters says where a line may break. */
const unspaced = scripts('Thai Lao Khmer Myanmar Tibetan Javanese')
const emoji = '\\p{Extended_Pictographic}'
const wholeEmoji = `${emoji}(?:\\ufe0f|[\\u{1f3fb}-\\u{1f3ff}])?`

/** Everything Unicode calls default-ignorable, but for the cases in which it shows. Variation selectors 17 to 256 and tags among it. */
const needlessSigns: readonly string[] = [
  '[\\xad\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u2060-\\u206f\\u3164\\ufe00-\\ufe0d\\ufeff\\uffa0\\ufff0-\\ufffb]',
  '[\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}]',
  `(?<!${scripts('Mongolian')})[\\u180b-\\u180f]`,
  `(?<!${unspaced})\\u200b|\\u200b(?!${unspaced})`,
  `(?<!${joining})\\u200c`,
  `(?<!${joining}|${wholeEmoji})\\u200d|(?<=${wholeEmoji})\\u200d(?!${emoji})`,
  `(?<!${emoji})\\ufe0e|(?<!${emoji}|[0-9#*])\\ufe0f|(?<=[0-9#*])\\ufe0f(?!\\u20e3)`,
]
const needless = new RegExp(needlessSigns.join('|'), 'gv')
const needlessBesideMarks = new RegExp([...needlessSigns, '[\\u061c\\u200e\\u200f]'].join('|'), 'gv')
