import { Failure } from '../domain/error.ts'
import type { ListName } from './candidates.ts'
import type { Io, LocalHome, ServerClient } from './context.ts'
import { isCode } from './exit.ts'
import type { Column, Output } from './output.ts'

/** A command is data: help, completions and the parser all read the same rows. */
export interface Command {
  /** As typed, for example `session add`. */
  readonly name: string
  /** Other spellings of it. */
  readonly aliases?: readonly string[]
  /** One sentence, imperative. */
  readonly summary: string
  /** More sentences, shown in the help of the command alone. */
  readonly details?: string
  readonly args?: readonly Argument[]
  readonly flags?: readonly Flag[]
  /** What may follow `--`. */
  readonly rest?: { readonly name: string; readonly summary: string; readonly required?: boolean }
  readonly examples: readonly string[]
  /** Resolves with the exit code, or with nothing: then the exit code is 0. */
  readonly run: (call: Call) => Promise<number> | Promise<void>
}

export interface Argument {
  readonly name: string
  readonly summary: string
  readonly complete?: Completion
  readonly required?: boolean
  readonly many?: boolean
}

export interface Flag {
  /** Without the dashes; `short-flags.ts` says which letter stands for it. */
  readonly name: string
  readonly summary: string
  /** Placeholder of its value; a flag without one is a switch. */
  readonly value?: string
  readonly complete?: Completion
  readonly required?: boolean
  /** May be given more than once. */
  readonly many?: boolean
}

/** Where completions take values from: fixed ones, names of files or commands, or a list of `candidates.ts`. */
export type Completion = readonly string[] | 'files' | 'commands' | ListName

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
  /** Those of the names that were given, with their values. */
  pick<Name extends string>(...names: readonly Name[]): { readonly [Member in Name]?: string }
  /** Whether the flag was given at all. */
  on(name: string): boolean
}

/** Flags of every command. */
export const globalFlags: readonly Flag[] = [
  { name: 'home', value: 'DIR', summary: 'where everything lives; else $POSTERN_HOME, else ~/.postern' },
  {
    name: 'store',
    value: 'URL',
    summary: 'postgres://… that everything is stored in; else $POSTERN_STORE, else a file in the home',
  },
  { name: 'json', summary: 'print data as JSON' },
  { name: 'no-color', summary: 'no colours' },
  { name: 'help', summary: 'show this' },
  { name: 'version', summary: 'print the version' },
]

/** Opens the home, and closes it after `act` whatever happens. */
export async function withHome<T>(call: Call, act: (home: LocalHome) => Promise<T>): Promise<T> {
  const home = await call.io.openHome(call.home)
  try {
    return await act(home)
  } finally {
    await home.close()
  }
}

/** Prints items as JSON or as a table; where there are none, `none` on standard error in place of the table. */
export function printList<Item>(
  { out, json }: Call,
  columns: readonly Column<Item>[],
  items: readonly Item[],
  none: string,
): void {
  if (json) out.json(items)
  else if (items.length === 0) out.note(none)
  else out.table(columns, items)
}

/** The body of a 2xx answer. Throws the refusal of the server under its own code, so that a shell sees the same exit code. */
export async function requestServer(
  server: Pick<ServerClient, 'request'>,
  method: Parameters<ServerClient['request']>[0],
  path: string,
  options: Parameters<ServerClient['request']>[2] = {},
): Promise<unknown> {
  const { status, body } = await server.request(method, path, options)
  if (status >= 200 && status < 300) return body
  const { code, detail } = problemOf(body)
  throw new Failure(
    isCode(code) ? code : 'internal',
    typeof detail === 'string' ? detail : `The server answered ${status}.`,
  )
}

const problemOf = (body: unknown): { readonly code?: unknown; readonly detail?: unknown } =>
  typeof body === 'object' && body !== null ? body : {}
