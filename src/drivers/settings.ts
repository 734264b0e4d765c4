import { resolve } from 'node:path'
import { Failure } from '../domain/error.ts'
import type { DriverSettings } from '../domain/session.ts'

/** Settings as a person gave them, or as they were stored. Every member throws `usage` naming what is wrong. */
export interface GivenSettings {
  readonly usage: (what: string) => Failure
  readonly text: (name: string) => string | undefined
  readonly texts: (name: string, needs: string) => readonly string[] | undefined
  /** Program and arguments; `example` is how they are given on a command line. */
  readonly command: (example: string) => readonly string[]
  /** `{ env }`, or nothing where none is given. */
  readonly env: () => { readonly env?: Readonly<Record<string, string>> }
  /** `cwd`, from the directory of whoever gives it. Absolute. */
  readonly cwd: (from: string) => string
}

/** Throws `usage` for a setting that is not among `known`. */
export function givenSettings(
  kind: string,
  settings: DriverSettings,
  known: readonly string[],
): GivenSettings {
  const usage = (what: string) => new Failure('usage', `The ${kind} driver ${what}.`)
  const unknown = Object.keys(settings).find((name) => !known.includes(name))
  if (unknown !== undefined) throw usage(`has no setting "${unknown}"`)
  const text = (name: string): string | undefined => {
    const value = settings[name]
    if (value === undefined || (isText(value) && value !== '')) return value
    throw usage(`needs ${name} as a text`)
  }
  const texts = (name: string, needs: string): readonly string[] | undefined => {
    const value = settings[name]
    if (value === undefined || isTexts(value)) return value
    throw usage(needs)
  }
  return {
    usage,
    text,
    texts,
    command: (example) => {
      const needs = `needs a command, for example: ${example}`
      const command = texts('command', needs) ?? []
      if (!command[0]) throw usage(needs)
      return command
    },
    env: () => {
      const { env } = settings
      if (env === undefined) return {}
      if (!isEnv(env)) throw usage('needs env as an object of texts')
      return { env }
    },
    cwd: (from) => resolve(from, text('cwd') ?? '.'),
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0')

const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText)

const isEnv = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.entries(value).every(([name, text]) => /^[^=\0]+$/.test(name) && isText(text))
