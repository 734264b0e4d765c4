/** A row of a captured screen in two readings. */
export interface StyledRow {
  /** As tmux finds it: spaces other than the ASCII one stay at its end. */
  readonly text: string
  /** Without what is drawn faintly: placeholders, hints and suggestions, which nobody typed. */
  readonly solid: string
  /** Something of it is drawn on a colour. */
  readonly filled: boolean
}

interface Style {
  /** Dim or grey. */
  readonly faint: boolean
  readonly filled: boolean
}

/** Reads rows as `capture-pane -e` writes them: with SGR sequences, whose effect goes on across rows. */
export function readStyledRows(captured: string): readonly StyledRow[] {
  let style: Style = { faint: false, filled: false }
  return captured.split('\n').map((line) => {
    let text = ''
    let solid = ''
    let filled = false
    for (const [, sgr, other, plain = ''] of line.matchAll(pieces)) {
      if (sgr !== undefined) style = styleAfter(sgr, style)
      if (other !== undefined) continue
      text += plain
      solid += style.faint ? ' '.repeat(plain.length) : plain
      filled ||= style.filled && plain !== ''
    }
    return { text: text.replace(/ +$/, ''), solid: solid.trimEnd(), filled }
  })
}

/** An SGR sequence, another sequence (a link, a character set), or text. */
const pieces =
  /\x1b\[([\d;:]*)m|(\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-Za-z]|\x1b\[[\d;:?]*[A-Za-ln-z]|[\x00-\x1f])|([^\x00-\x1f]+)/g

function styleAfter(sgr: string, before: Style): Style {
  const codes = sgr.split(/[;:]/).map(Number)
  let { faint, filled } = before
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0
    if (code === 0 || code === 22 || code === 39) faint = false
    if (code === 0 || code === 49) filled = false
    if (code === 2 || code === 90) faint = true
    if ((code >= 40 && code <= 48) || (code >= 100 && code <= 107)) filled = true
    if (code === 38) faint = isGrey(codes.slice(at + 1))
    if (code === 38 || code === 48 || code === 58) at += codes[at + 1] === 5 ? 2 : 4
  }
  return { faint, filled }
}

/** Colours of the 256 and of the 16 million that are grey and not nearly white. */
function isGrey([kind, ...rest]: readonly number[]): boolean {
  const [first = 0, green = 0, blue = 0] = rest
  if (kind === 5) return first === 8 || (first >= 232 && first <= 250)
  const [least, most] = [Math.min(first, green, blue), Math.max(first, green, blue)]
  return kind === 2 && most - least <= 24 && most > 40 && most < 180
}
