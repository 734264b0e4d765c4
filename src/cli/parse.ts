import { parseArgs } from 'node:util'
import { Failure } from '../domain/error.ts'
import { nearest, suggestion } from '../domain/nearest.ts'
import { type Argument, type Command, type Flag, globalFlags, type Values } from './command.ts'
import { letterOf } from './short-flags.ts'

export type Parsed =
  | {
      readonly kind: 'call'
      readonly command: Command
      readonly args: Values
      readonly flags: Values
      readonly rest: readonly string[]
    }
  /** Help on one command, on a group (`session`), or on everything (no topic). */
  | { readonly kind: 'help'; readonly topic: readonly string[]; readonly requested: boolean }

/**
 * Reads a command line against the table. Throws `usage` for everything it does not understand, naming what is
 * nearest to it. Flags may stand anywhere; one that takes a value in some commands only stands behind the command's name.
 */
export function parse(argv: readonly string[], commands: readonly Command[]): Parsed {
  const line = readCommandLine(argv, commands)
  const { given, rest = [] } = line
  const flags = valuesOf(given)
  const asksVersion = line.positionals.length === 0 && flags.on('version')
  const positionals = asksVersion ? ['version'] : line.positionals
  const found = match(positionals, commands)
  checkKnown(given, found?.command, positionals, commands)
  const topic = found?.command.name.split(' ') ?? positionals.slice(0, 1)
  if (!found && topic.length > 0 && !isGroup(topic, commands)) throw unknownCommand(positionals, commands)
  const requested = flags.on('help')
  if (requested || positionals.length === 0 || (!found && positionals.length === 1))
    return { kind: 'help', topic, requested }
  if (!found || isMistyped(found, positionals, commands)) throw unknownCommand(positionals, commands)
  const { command, used } = found
  checkFlags(command, given, flags)
  const args = argsOf(command, positionals.slice(used))
  checkRest(command, rest)
  return { kind: 'call', command, args, flags, rest }
}

interface Given {
  readonly name: string
  readonly value: string | undefined
  /** With its dashes. */
  readonly typed: string
}

/** A command line in parts, not yet checked against a command. */
export interface CommandLine {
  readonly positionals: readonly string[]
  readonly given: readonly Given[]
  /** What followed `--`; undefined without it. */
  readonly rest?: readonly string[]
}

/** Read twice: which command is meant says what its flags and letters mean. */
export function readCommandLine(argv: readonly string[], commands: readonly Command[]): CommandLine {
  const args = argv.flatMap(apart)
  const line = readWith(args, optionsOf(commands))
  const meant = match(line.positionals, commands)?.command
  return meant ? readWith(args, optionsOf([meant, ...commands])) : line
}

/** `-n5` means `-n 5`. */
const apart = (argument: string, i: number, argv: readonly string[]): readonly string[] => {
  const [, flag, digits] = /^(-[A-Za-z])(\d+)$/.exec(argument) ?? []
  return flag === undefined || digits === undefined || argv.slice(0, i).includes('--')
    ? [argument]
    : [flag, digits]
}

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>

function readWith(argv: readonly string[], options: Options): CommandLine {
  const line: { positionals: string[]; given: Given[] } = { positionals: [], given: [] }
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'option-terminator') return { ...line, rest: argv.slice(token.index + 1) }
    if (token.kind === 'positional') line.positionals.push(token.value)
    else if (token.inlineValue === false && token.value.startsWith('--')) {
      // parseArgs takes whatever follows as the value, even a flag: that flag is read again, as one of its own.
      const others = readWith(argv.toSpliced(token.index, 1), options)
      const valueless = { ...token, value: undefined, typed: token.rawName }
      return { ...others, given: others.given.toSpliced(line.given.length, 0, valueless) }
    } else line.given.push(givenOf(token, argv[token.index] ?? ''))
  }
  return line
}

/** parseArgs reads `-ttl` as three flags; here it is one, and unknown. */
function givenOf(
  token: { readonly name: string; readonly rawName: string; readonly value?: string | undefined },
  argument: string,
): Given {
  const typed = argument.split('=', 1)[0] ?? ''
  return token.rawName === typed
    ? { name: token.name, value: token.value, typed }
    : { name: typed, value: undefined, typed }
}

/** Where a name or a letter means two things, it means that of the first command. */
function optionsOf(commands: readonly Command[]): Options {
  const options = new Map<string, Options[string]>()
  const taken = new Set<string>()
  for (const { name, value } of [...globalFlags, ...commands.flatMap(({ flags = [] }) => flags)]) {
    const letter = letterOf(name)
    if (options.has(name)) continue
    const short = letter !== undefined && !taken.has(letter) ? { short: letter } : {}
    options.set(name, { type: value === undefined ? 'boolean' : 'string', ...short })
    if (letter !== undefined) taken.add(letter)
  }
  return Object.fromEntries(options)
}

interface Match {
  readonly command: Command
  /** How many positionals the name took. */
  readonly used: number
}

export function match(positionals: readonly string[], commands: readonly Command[]): Match | undefined {
  for (let used = Math.min(positionals.length, 3); used > 0; used--) {
    const name = positionals.slice(0, used).join(' ')
    const command = commands.find((candidate) => namesOf(candidate).includes(name))
    if (command) return { command, used }
  }
  return undefined
}

export const namesOf = (command: Command): readonly string[] => [command.name, ...(command.aliases ?? [])]

function checkKnown(
  given: readonly Given[],
  command: Command | undefined,
  positionals: readonly string[],
  commands: readonly Command[],
): void {
  // Without a command, the flags of all that could be meant.
  const meantOnes = command ? [command] : positionals.length === 0 ? [] : commands
  const known = [...meantOnes.flatMap(({ flags = [] }) => flags), ...globalFlags].map(({ name }) => name)
  const stray = given.find((flag) => !known.includes(flag.name))
  if (!stray) return
  const of = command ? ` for "postern ${command.name}"` : ''
  const nearby = suggestion(stray.name.replace(/^-+/, ''), known, '--')
  throw new Failure('usage', `Unknown flag ${stray.typed}${of}. ${nearby}`)
}

/** `inbox akc`: the name of a command that is a group too, and then nothing of the group. */
const isMistyped = ({ command, used }: Match, positionals: readonly string[], commands: readonly Command[]) =>
  isSurplus(command, positionals.slice(used)) && isGroup(positionals.slice(0, used), commands)

export const isGroup = (positionals: readonly string[], commands: readonly Command[]): boolean =>
  commands.some((command) => namesOf(command).some((name) => name.startsWith(`${positionals.join(' ')} `)))

export function unknownCommand(positionals: readonly string[], commands: readonly Command[]): Failure {
  const known = commands.flatMap(namesOf)
  const inGroup = known.filter((name) => name.startsWith(`${positionals[0]} `))
  const tried = positionals.slice(0, inGroup.length > 0 ? 2 : 1).join(' ')
  return new Failure('usage', `Unknown command "${tried}". ${meantCommand(positionals, inGroup, known)}`)
}

/** Either the whole name was mistyped or only its first part: `sesion add`, `expos --session build`. */
function meantCommand(
  [first = '', second]: readonly string[],
  inGroup: readonly string[],
  known: readonly string[],
): string {
  const whole = second === undefined ? first : `${first} ${second}`
  if (inGroup.length > 0) return suggestion(whole, inGroup, 'postern ')
  const near = second === undefined ? undefined : nearest(whole, known)
  if (near !== undefined) return `Did you mean postern ${near}?`
  return suggestion(first, [...new Set(known.map((name) => name.split(' ')[0] ?? ''))], 'postern ')
}

function checkFlags(command: Command, given: readonly Given[], flags: Values): void {
  for (const flag of [...(command.flags ?? []), ...globalFlags]) {
    const mine = given.filter(({ name }) => name === flag.name)
    if (mine.length > 1 && !flag.many) throw wrong(command, `--${flag.name} is given more than once.`)
    for (const { value } of mine) checkValue(command, flag, value)
    if (flag.required && !flags.on(flag.name))
      throw wrong(command, `It needs --${flag.name} <${flag.value ?? ''}>.`)
  }
}

function checkValue(command: Command, flag: Flag, value: string | undefined): void {
  if (flag.value === undefined && value !== undefined)
    throw wrong(command, `--${flag.name} is a switch and takes no value.`)
  if (flag.value !== undefined && value === undefined)
    throw wrong(command, `--${flag.name} needs a value: --${flag.name} <${flag.value}>.`)
}

function checkRest(command: Command, rest: readonly string[]): void {
  if (rest.length > 0 && !command.rest) throw wrong(command, 'Nothing may follow "--" here.')
  if (rest.length === 0 && command.rest?.required)
    throw wrong(command, `It needs ${command.rest.summary} after "--".`)
}

function argsOf(command: Command, positionals: readonly string[]): Values {
  const wanted = command.args ?? []
  if (isSurplus(command, positionals))
    throw wrong(command, surplus(command, positionals[wanted.length] ?? ''))
  const missing = wanted.find((argument, i) => argument.required && positionals[i] === undefined)
  if (missing) throw wrong(command, `It needs <${missing.name}>: ${missing.summary}.`)
  return valuesOf(positionals.map((value, i) => ({ name: nameAt(wanted, i), value, typed: value })))
}

const isSurplus = ({ args = [] }: Command, positionals: readonly string[]): boolean =>
  positionals.length > args.length && !args.some((argument) => argument.many)

const surplus = (command: Command, word: string): string =>
  command.rest ? `"${word}" is too much; put the command after "--".` : `"${word}" is too much.`

const nameAt = (wanted: readonly Argument[], i: number): string => (wanted[i] ?? wanted.at(-1))?.name ?? ''

function valuesOf(given: readonly Given[]): Values {
  const list = (name: string) => given.filter((one) => one.name === name).map((one) => one.value ?? '')
  const on = (name: string) => given.some((one) => one.name === name)
  return {
    ...{ list, on },
    text: (name) => list(name)[0],
    need: (name) => list(name)[0] ?? '',
    pick: <Name extends string>(...names: readonly Name[]) =>
      Object.fromEntries(names.filter(on).map((name) => [name, list(name)[0]])) as Record<Name, string>,
  }
}

const wrong = (command: Command, text: string): Failure =>
  new Failure('usage', `postern ${command.name}: ${text} See postern ${command.name} --help.`)
