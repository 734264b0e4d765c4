import type { Io } from './context.ts'
import type { Output } from './output.ts'

/** A command is data: help, completions and the parser all read the same rows. */
export interface Command {
  /** As typed, for example `session add`. */
  readonly name: string
  /** Other spellings of it. */
  readonly aliases?: readonly string[]
  /** One sentence, imperative. */
  readonly summary: string
  /** What only a longer text can tell. */
  readonly details?: string
  readonly args?: readonly Argument[]
  readonly flags?: readonly Flag[]
  /** What may follow `--`. */
  readonly rest?: { readonly name: string; readonly summary: string; readonly required?: boolean }
  readonly examples: readonly string[]
  /** Resolves with the exit code. */
  readonly run: (call: Call) => Promise<number>
}

export interface Argument {
  readonly name: string
  readonly summary: string
  readonly required?: boolean
  readonly many?: boolean
}

export interface Flag {
  /** Without the dashes. */
  readonly name: string
  readonly summary: string
  /** Placeholder of its value; a flag without one is a switch. */
  readonly value?: string
  readonly required?: boolean
  /** May be given more than once. */
  readonly many?: boolean
  readonly choices?: readonly string[]
}

/** One call of a command, parsed. */
export interface Call {
  readonly io: Io
  readonly out: Output
  /** Absolute. */
  readonly home: string
  readonly json: boolean
  readonly args: Values
  readonly flags: Values
  /** What followed `--`. */
  readonly rest: readonly string[]
  /** Every command there is. */
  readonly commands: readonly Command[]
}

export interface Values {
  /** The value given, or undefined. */
  text(name: string): string | undefined
  /** The value of something required. */
  need(name: string): string
  /** Every value given, in order. */
  list(name: string): readonly string[]
  /** Whether it was given at all. */
  on(name: string): boolean
}

/** Flags of every command. */
export const globalFlags: readonly Flag[] = [
  { name: 'home', value: 'DIR', summary: 'where everything lives; else $POSTERN_HOME, else ~/.postern' },
  { name: 'json', summary: 'print data as JSON' },
  { name: 'no-color', summary: 'no colours' },
  { name: 'help', summary: 'show this' },
  { name: 'version', summary: 'print the version' },
]
