/** Follows a person's keys, byte by byte, to know whether something half-typed stands in the input box. */
export interface DraftTracker {
  /** Takes the next bytes of one terminal, and returns which kinds of keys were among them. */
  follow(bytes: Uint8Array): { readonly enter: boolean; readonly keys: boolean; readonly typed: number }
  /** So many keys answered a dialog: they do not stand in the input box. */
  discount(typed: number): void
  /** Printable keys since the last Enter, ^C or ^U. */
  draft(): boolean
}

type Mode = 'ground' | 'escape' | 'sequence' | 'single' | 'text' | 'text-escape'

interface TrackerState {
  mode: Mode
  parameters: string
  /** Bytes of an old-style mouse report still to come. */
  skip: number
  pasting: boolean
  typed: number
}

/**
 * Sequences are no draft: cursor keys, mouse, focus, and what a terminal answers to queries. A paste is one, and an
 * Enter inside it does not send it.
 */
export function createDraftTracker(): DraftTracker {
  const state: TrackerState = { mode: 'ground', parameters: '', skip: 0, pasting: false, typed: 0 }
  return {
    follow: (bytes) => {
      const seen = { enter: false, keys: false, typed: 0 }
      const before = state.typed
      for (const byte of bytes) {
        const key = step(state, byte)
        seen.enter ||= key === 'enter'
        seen.keys ||= key !== undefined
      }
      // Escape as the last byte is the key itself: sequences come in one piece.
      if (state.mode === 'escape') state.mode = 'ground'
      seen.typed = Math.max(0, state.typed - before)
      return seen
    },
    discount: (typed) => {
      state.typed = Math.max(0, state.typed - typed)
    },
    draft: () => state.typed > 0,
  }
}

type Key = 'enter' | 'other' | undefined

function step(state: TrackerState, byte: number): Key {
  if (state.skip > 0) {
    state.skip--
    return undefined
  }
  switch (state.mode) {
    case 'ground':
      return ground(state, byte)
    case 'escape':
      state.mode = introduced[String.fromCharCode(byte)] ?? 'ground'
      state.parameters = ''
      return state.mode === 'ground' ? 'other' : undefined
    case 'sequence':
      return sequence(state, byte)
    case 'single':
      state.mode = 'ground'
      return 'other'
    case 'text':
      state.mode = byte === 0x1b ? 'text-escape' : byte < 0x20 ? 'ground' : 'text'
      return undefined
    case 'text-escape':
      state.mode = 'ground'
      return undefined
  }
}

const introduced: Readonly<Record<string, Mode>> = {
  '[': 'sequence',
  O: 'single',
  ']': 'text',
  P: 'text',
  _: 'text',
  '^': 'text',
  X: 'text',
}

function ground(state: TrackerState, byte: number): Key {
  if (byte === 0x1b) {
    state.mode = 'escape'
    return undefined
  }
  const enter = byte === 0x0d || byte === 0x0a
  if (!state.pasting && (enter || byte === 0x03 || byte === 0x15)) state.typed = 0
  else if (byte === 0x7f || byte === 0x08) state.typed = Math.max(0, state.typed - 1)
  // Continuation bytes of UTF-8 belong to a character that is counted already.
  else if (enter || (byte >= 0x20 && (byte & 0xc0) !== 0x80)) state.typed++
  return enter && !state.pasting ? 'enter' : 'other'
}

function sequence(state: TrackerState, byte: number): Key {
  if (byte < 0x40 || byte > 0x7e) {
    state.parameters += String.fromCharCode(byte)
    return undefined
  }
  state.mode = 'ground'
  const final = String.fromCharCode(byte)
  if (final === 'M' && state.parameters === '') state.skip = 3
  if (final === '~' && state.parameters === '200') state.pasting = true
  if (final === '~' && state.parameters === '201') state.pasting = false
  if (final === 'u') return spelledKey(state)
  return final === '~' || /[A-H]/.test(final) ? 'other' : undefined
}

/** Keys as the kitty protocol spells them: `13u` is Enter, `99;5u` is ^C, `117;5u` is ^U, `97u` is a. */
function spelledKey(state: TrackerState): Key {
  const [code, modifiers = '1'] = state.parameters.split(';')
  const key = Number.parseInt(code ?? '', 10)
  const control = ((Number.parseInt(modifiers, 10) - 1) & 4) !== 0
  // `CSI ? flags u` is an answer of the terminal, not a key.
  if (Number.isNaN(key)) return undefined
  if (key === 13 && modifiers === '1') return ground(state, 0x0d)
  return ground(state, control ? key & 0x1f : key < 0x80 ? key : 0x61)
}
