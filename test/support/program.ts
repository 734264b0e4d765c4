import type { Screen } from '../../src/drivers/terminal/screen.ts'
import type { Gone, Surface } from '../../src/drivers/terminal/surface.ts'

/** A quiet screen of an agent. */
export const screenOf = (lines: readonly string[], more: Partial<Screen> = {}): Screen => ({
  ...{ kind: 'screen', lines, cursor: '0,0', quietMs: 5000, draft: false },
  ...{ bracketedPaste: true, cooked: false, echo: false },
  ...more,
})

/** A program at a terminal, simulated with a clock of its own. */
export interface Program {
  readonly surface: Surface
  /** What it has taken as messages. */
  readonly taken: string[]
  /** Everything that reached its input, texts and keys. */
  readonly input: string[]
  /** Its input box. */
  box: string
  dialog: readonly string[] | undefined
  draft: boolean
  end: Gone | undefined
  isRead: boolean | undefined
  /** Draws a line, as an agent at work does. */
  draw(line: string): void
  /** Calls back when its clock shows that much later. */
  after(ms: number, act: () => void): void
  now(): number
}

export interface ProgramWanted {
  readonly bracketedPaste?: boolean
  readonly cooked?: boolean
  /** What one of the Enters does instead of sending: nothing, or a new line in the box. */
  readonly onEnter?: (enters: number) => 'send' | 'ignore' | 'newline'
  readonly shows?: 'text' | 'marker' | 'nothing'
  /** What its empty box shows; then its cursor is known to stand in the box's row. */
  readonly placeholder?: string
  /** What stands in its box is known, and no prompt before it. */
  readonly bare?: boolean
  /** How long it takes to react, to text and to keys. */
  readonly lagMs?: number
  /** What each character of a text adds to that. */
  readonly lagMsPerCharacter?: number
  readonly obeysKillLine?: boolean
  /** Backspace takes a character of its box away; true unless said otherwise. */
  readonly obeysBackspace?: boolean
  readonly endsOnEnter?: boolean
  /** Line mode with `cat > file`: Enter moves the cursor and nothing else. */
  readonly silent?: boolean
  /** How many lines its screen has; older ones scroll away. */
  readonly rows?: number
  /** What it answers. */
  readonly answer?: (text: string) => string
}

export function simulate(wanted: ProgramWanted = {}): Program {
  const { bracketedPaste = true, cooked = false, shows = 'text', lagMs = 20 } = wanted
  let now = 10_000
  let drawnAt = 0
  let enters = 0
  let row = 0
  const history: string[] = ['welcome']
  let due: { at: number; act: () => void }[] = []
  const drawn = () => {
    drawnAt = now
  }
  const program: Program = {
    taken: [],
    input: [],
    box: '',
    dialog: undefined,
    draft: false,
    end: undefined,
    isRead: undefined,
    draw: (line) => {
      history.push(line)
      drawn()
    },
    after: (ms, act) => {
      due.push({ at: now + ms, act })
    },
    now: () => now,
    surface: {
      look: async () => program.end ?? screen(),
      put: async (text) => feed(text, () => typed(text)),
      press: async (keys) => feed(keys, () => pressed(keys)),
      awaitsInput: async () => program.isRead,
      now: () => now,
      pause: async (ms, signal) => {
        if (!signal?.aborted) advance(ms)
      },
    },
  }
  const feed = async (text: string, act: () => void): Promise<Gone | undefined> => {
    if (program.end) return program.end
    program.input.push(text)
    program.after(lagMs + text.length * (wanted.lagMsPerCharacter ?? 0), act)
    return undefined
  }
  const typed = (text: string) => {
    if (program.dialog) return
    program.box += text
    if (shows !== 'nothing') drawn()
  }
  const pressed = (keys: string) => {
    if (program.dialog) return
    if (keys.startsWith('\x7f')) {
      if (wanted.obeysBackspace === false) return
      const count = keys.lastIndexOf('\x7f') + 1
      program.box = [...program.box].slice(0, -count).join('') + keys.slice(count)
      return drawn()
    }
    if (keys === '\x15') {
      if (!wanted.obeysKillLine) return
      program.box = ''
      return drawn()
    }
    const act = wanted.onEnter?.(++enters) ?? 'send'
    if (act === 'newline') program.box += '\n'
    if (act !== 'ignore') drawn()
    if (act === 'send') send()
  }
  const send = () => {
    program.taken.push(program.box)
    if (wanted.endsOnEnter) program.end = { kind: 'ended', exitCode: 0 }
    history.push(cooked ? program.box : `you: ${program.box}`)
    if (!wanted.silent) history.push(wanted.answer?.(program.box) ?? `• answer ${program.taken.length}`)
    program.box = ''
    row++
  }
  const advance = (ms: number) => {
    const until = now + ms
    for (;;) {
      due = due.sort((a, b) => a.at - b.at)
      const next = due[0]
      if (!next || next.at > until) break
      due.shift()
      now = next.at
      next.act()
    }
    now = until
  }
  const boxText = () => {
    if (shows === 'nothing') return ''
    if (program.box === '') return wanted.placeholder ?? ''
    return shows === 'marker' && program.box !== ''
      ? `[Pasted text #1 +${program.box.split('\n').length} lines]`
      : program.box
  }
  const screen = (): Screen => ({
    kind: 'screen',
    lines: [...history, ...(program.dialog ?? [cooked || wanted.bare ? boxText() : `> ${boxText()}`])].slice(
      -(wanted.rows ?? 1000),
    ),
    cursor: `${boxText().length},${row}`,
    ...(wanted.bare && { input: boxText() }),
    ...(wanted.placeholder !== undefined && { cursorRow: `> ${boxText()}` }),
    bracketedPaste,
    cooked,
    echo: cooked,
    quietMs: now - drawnAt,
    draft: program.draft,
  })
  return program
}
