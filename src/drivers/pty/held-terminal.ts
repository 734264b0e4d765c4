import type { Platform, Terminal } from '../../platform/platform.ts'
import { pause } from '../../wait.ts'
import { agentRunBy } from '../agents/kinds.ts'
import { dialogOn } from '../terminal/dialog.ts'
import type { Screen } from '../terminal/screen.ts'
import type { Shown } from '../terminal/snapshot.ts'
import type { Gone, Surface } from '../terminal/surface.ts'
import { awaitsInput } from './awaits-input.ts'
import { createDraftTracker, type DraftTracker } from './draft-tracker.ts'
import type { End, Size } from './protocol.ts'
import { createScreenModel, type ScreenModel } from './screen-model.ts'

/** A program in a terminal that this process owns, its screen, and the keys that reach it. */
export interface HeldTerminal {
  readonly pid: number
  readonly surface: Surface
  /**
   * Keys of a person, held back while a message is being typed. `replies`: answers of the terminal to queries count
   * as well.
   */
  keys(bytes: Uint8Array, replies: boolean): void
  resize(size: Size): void
  repaint(): Promise<string>
  snapshot(before: Shown | undefined): Promise<Shown>
  /** When it last drew something, in Unix milliseconds. */
  changedAt(): number
  /** Runs `typing` with the person's keys held back from its first byte on. */
  alone<T>(typing: () => Promise<T>): Promise<T>
  close(): void
}

interface HeldTerminalDeps {
  readonly open: NonNullable<Platform['openTerminal']>
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly size: Size
  /** False while a person's terminal answers the program's queries. */
  readonly answers: () => boolean
  /** Called before a person's keys reach the program. */
  readonly onPersonKeys: (enter: boolean) => Promise<void>
  readonly onOutput: (bytes: Uint8Array) => void
  readonly onEnd: (end: End) => void
}

interface Keys {
  readonly bytes: Uint8Array
  readonly replies: boolean
}

interface Held {
  readonly deps: HeldTerminalDeps
  readonly model: ScreenModel
  readonly terminal: Terminal
  readonly drafts: DraftTracker
  drawnAt: number
  end: End | undefined
  /** A message is on its way. */
  alone: boolean
  /** A person's keys since the first byte of that message. */
  heldKeys: Keys[] | undefined
  /** Keys reach the program one after the other. */
  keysInTurn: Promise<void>
}

export function holdTerminal(deps: HeldTerminalDeps): HeldTerminal {
  const held: Held = {
    deps: deps,
    model: createScreenModel(deps.size.columns, deps.size.rows, (reply) => {
      if (deps.answers()) write(held, reply)
    }),
    terminal: open(deps, () => held),
    drafts: createDraftTracker(),
    drawnAt: performance.now(),
    keysInTurn: Promise.resolve(),
    ...{ end: undefined, alone: false, heldKeys: undefined },
  }
  return {
    pid: held.terminal.pid,
    surface: surfaceOf(held),
    keys: (bytes, replies) => takeKeys(held, { bytes, replies }),
    resize: (size) => resize(held, size),
    repaint: held.model.repaint,
    snapshot: held.model.snapshot,
    changedAt: () => Math.round(Date.now() - (performance.now() - held.drawnAt)),
    alone: (typing) => alone(held, typing),
    close: () => {
      held.terminal.close()
      held.model.close()
    },
  }
}

function open({ open: openTerminal, size, ...deps }: HeldTerminalDeps, held: () => Held): Terminal {
  return openTerminal({
    command: deps.command,
    cwd: deps.cwd,
    env: deps.env,
    ...size,
    onData: (bytes) => {
      held().drawnAt = performance.now()
      held().model.feed(bytes)
      deps.onOutput(bytes)
    },
    onExit: (end) => {
      held().end = end
      deps.onEnd(end)
    },
  })
}

const surfaceOf = (held: Held): Surface => ({
  look: () => look(held),
  put: async (text) => {
    if (held.alone) held.heldKeys ??= []
    await held.keysInTurn
    const { bracketedPaste } = await held.model.text()
    // A key that came before the first byte was not held back.
    if (held.drafts.draft()) return { kind: 'changed' }
    return write(held, bracketedPaste ? `\x1b[200~${text}\x1b[201~` : text)
  },
  press: async (keys) => {
    if (held.alone) held.heldKeys ??= []
    return write(held, keys)
  },
  awaitsInput: () => awaitsInput(held.terminal.pid),
  now: () => performance.now(),
  pause,
})

async function look(held: Held): Promise<Screen | Gone> {
  const text = await held.model.text()
  if (held.end) return goneAs(held.end)
  const lineMode = held.terminal.lineMode()
  return {
    kind: 'screen',
    ...text,
    cooked: lineMode?.cooked,
    echo: lineMode?.echo,
    quietMs: performance.now() - held.drawnAt,
    draft: held.drafts.draft(),
    ...(await inputOf(held)),
  }
}

/**
 * A draft needs no key that spells it: a prompt out of the agent's history, or one it put back when a person cut its turn
 * short. Looked for in agents alone, whose input boxes are known.
 */
const inputOf = async ({ deps, model }: Held): Promise<Pick<Screen, 'input'>> =>
  agentRunBy(deps.command) === undefined ? {} : { input: await model.input() }

function write(held: Held, bytes: Uint8Array | string): Gone | undefined {
  if (held.end) return goneAs(held.end)
  held.terminal.write(bytes)
  return undefined
}

function takeKeys(held: Held, keys: Keys, afterMs = 0): void {
  if (held.heldKeys) {
    held.heldKeys.push(keys)
    return
  }
  const { enter, keys: pressed, typed } = held.drafts.follow(keys.bytes)
  if (!pressed && !keys.replies) return
  held.keysInTurn = held.keysInTurn.then(async () => {
    if (afterMs > 0) await pause(afterMs)
    // A dialog takes a letter for its answer, and is gone without an Enter.
    if (typed > 0 && (await hasDialog(held))) held.drafts.discount(typed)
    if (pressed) await held.deps.onPersonKeys(enter && isEnterAlone(keys.bytes))
    write(held, keys.bytes)
  })
}

const isEnterAlone = (bytes: Uint8Array): boolean =>
  /^(?:[\r\n]|\x1b\[13u)$/.test(new TextDecoder().decode(bytes))

async function hasDialog(held: Held): Promise<boolean> {
  const screen = await look(held)
  return screen.kind === 'screen' && dialogOn(screen) !== undefined
}

function resize({ model, terminal, end }: Held, { columns, rows }: Size): void {
  model.resize(columns, rows)
  if (!end) terminal.resize(columns, rows)
}

/** Gemini CLI takes an Enter that comes at once behind other keys for a line break. */
const enterAfterMs = 100

async function alone<T>(held: Held, typing: () => Promise<T>): Promise<T> {
  held.alone = true
  try {
    return await typing()
  } finally {
    const waiting = held.heldKeys ?? []
    held.alone = false
    held.heldKeys = undefined
    for (const keys of waiting) takeKeys(held, keys, isEnterAlone(keys.bytes) ? enterAfterMs : 0)
  }
}

const goneAs = ({ exitCode, signal }: End): Gone => ({
  kind: 'ended',
  ...(exitCode !== undefined && { exitCode }),
  ...(signal !== undefined && { why: `it was ended by ${signal}` }),
})
