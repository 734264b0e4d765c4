import { Failure } from '../domain/error.ts'
import { meant, nearest } from '../domain/nearest.ts'
import { type Argument, type Command, type Flag, globalFlags, type Values } from './command.ts'

export type Parsed =
  | {
      readonly kind: 'call'
      readonly command: Command
      readonly args: Values
      readonly flags: Values
      readonly rest: readonly string[]
    }
  /** Help on one command, on a group (`session`), or on everything (no words). */
  | { readonly kind: 'help'; readonly words: readonly string[]; readonly asked: boolean }
  | { readonly kind: 'version'; readonly flags: Values }

/**
 * Reads a command line against the table. Throws `usage` for everything it does not understand, naming what is
 * nearest to it. A flag's name takes a value or none wherever it appears, so flags may stand anywhere.
 */
export function parse(argv: readonly string[], commands: readonly Command[]): Parsed {
  const end = argv.indexOf('--')
  const head = end < 0 ? argv : argv.slice(0, end)
  const rest = end < 0 ? [] : argv.slice(end + 1)
  const { words, given } = split(head, commands)
  const flags = valuesOf(given)
  const found = match(words, commands)
  checkKnown(given, found?.command, words, commands)
  if (flags.on('help') || (words.length === 0 && !flags.on('version')))
    return { kind: 'help', words: helpWords(words, found, commands), asked: flags.on('help') }
  if (flags.on('version') && words.length === 0) return { kind: 'version', flags }
  if (!found) return group(words, commands)
  const { command, used } = found
  if (isSurplus(command, words.slice(used)) && isGroup(words.slice(0, used), commands))
    throw unknownCommand(words, commands)
  checkFlags(command, given, flags)
  const args = argsOf(command, words.slice(used))
  checkRest(command, rest)
  return { kind: 'call', command, args, flags, rest }
}

interface Given {
  readonly name: string
  readonly value: string | undefined
  /** As it was typed. */
  readonly typed: string
}

function split(
  head: readonly string[],
  commands: readonly Command[],
): { readonly words: readonly string[]; readonly given: readonly Given[] } {
  const valued = new Set(
    [...globalFlags, ...commands.flatMap((command) => command.flags ?? [])]
      .filter((flag) => flag.value !== undefined)
      .map((flag) => flag.name),
  )
  const words: string[] = []
  const given: Given[] = []
  for (let i = 0; i < head.length; i++) {
    const token = head[i] ?? ''
    if (!token.startsWith('-') || token === '-') words.push(token)
    else {
      const flag = readFlag(token)
      const next = head[i + 1]
      const takes = flag.value === undefined && valued.has(flag.name)
      if (takes && next !== undefined && !next.startsWith('--')) i++
      given.push(takes && next !== undefined && !next.startsWith('--') ? { ...flag, value: next } : flag)
    }
  }
  return { words, given }
}

const shorthands: Readonly<Record<string, string>> = { '-h': 'help', '-V': 'version', '-q': 'quiet' }

function readFlag(token: string): Given {
  const short = shorthands[token]
  if (short !== undefined) return { name: short, value: undefined, typed: token }
  const equals = token.indexOf('=')
  const typed = equals < 0 ? token : token.slice(0, equals)
  // A single dash is never right here; keeping it in the name makes the flag unknown.
  const name = typed.startsWith('--') ? typed.slice(2) : typed
  return { name, value: equals < 0 ? undefined : token.slice(equals + 1), typed }
}

interface Match {
  readonly command: Command
  /** How many words its name took. */
  readonly used: number
}

function match(words: readonly string[], commands: readonly Command[]): Match | undefined {
  for (let used = Math.min(words.length, 3); used > 0; used--) {
    const name = words.slice(0, used).join(' ')
    const command = commands.find((candidate) => namesOf(candidate).includes(name))
    if (command) return { command, used }
  }
  return undefined
}

export const namesOf = (command: Command): readonly string[] => [command.name, ...(command.aliases ?? [])]

function checkKnown(
  given: readonly Given[],
  command: Command | undefined,
  words: readonly string[],
  commands: readonly Command[],
): void {
  const known = [...(command ? (command.flags ?? []) : groupFlags(words, commands)), ...globalFlags].map(
    (f) => f.name,
  )
  const stray = given.find((flag) => !known.includes(flag.name))
  if (!stray) return
  const word = stray.name.replace(/^-+/, '')
  const of = command ? ` for "postern ${command.name}"` : ''
  throw new Failure('usage', `Unknown flag ${stray.typed}${of}. ${meant(word, known, '--')}`)
}

/** Without a command, the flags of all that could be meant. */
const groupFlags = (words: readonly string[], commands: readonly Command[]): readonly Flag[] =>
  words.length === 0 ? [] : commands.flatMap((command) => command.flags ?? [])

function helpWords(
  words: readonly string[],
  found: Match | undefined,
  commands: readonly Command[],
): readonly string[] {
  if (found) return found.command.name.split(' ')
  if (words.length > 0 && !isGroup(words.slice(0, 1), commands)) throw unknownCommand(words, commands)
  return words.slice(0, 1)
}

function group(words: readonly string[], commands: readonly Command[]): Parsed {
  if (words.length === 1 && isGroup(words, commands)) return { kind: 'help', words, asked: false }
  throw unknownCommand(words, commands)
}

export const isGroup = (words: readonly string[], commands: readonly Command[]): boolean =>
  commands.some((command) => namesOf(command).some((name) => name.startsWith(`${words.join(' ')} `)))

export function unknownCommand(words: readonly string[], commands: readonly Command[]): Failure {
  const known = commands.flatMap(namesOf)
  const inGroup = known.filter((name) => name.startsWith(`${words[0]} `))
  const tried = words.slice(0, inGroup.length > 0 ? 2 : 1).join(' ')
  return new Failure('usage', `Unknown command "${tried}". ${meantCommand(words, inGroup, known)}`)
}

/** Either the whole name was mistyped or only its first word: `sesion add`, `expos --session build`. */
function meantCommand(
  words: readonly string[],
  inGroup: readonly string[],
  known: readonly string[],
): string {
  if (inGroup.length > 0) return meant(words.slice(0, 2).join(' '), inGroup, 'postern ')
  const firsts = [...new Set(known.map((name) => name.split(' ')[0] ?? ''))]
  const whole = words.length === 1 ? undefined : nearest(words.slice(0, 2).join(' '), known)
  return whole === undefined ? meant(words[0] ?? '', firsts, 'postern ') : `Did you mean postern ${whole}?`
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
  if (!flag.choices || value === undefined || flag.choices.includes(value)) return
  throw wrong(command, `There is no --${flag.name} "${value}". ${meant(value, flag.choices, '')}`)
}

function checkRest(command: Command, rest: readonly string[]): void {
  if (rest.length > 0 && !command.rest) throw wrong(command, 'Nothing may follow "--" here.')
  if (rest.length === 0 && command.rest?.required)
    throw wrong(command, `It needs ${command.rest.summary} after "--".`)
}

function argsOf(command: Command, words: readonly string[]): Values {
  const wanted = command.args ?? []
  if (isSurplus(command, words)) throw wrong(command, surplus(command, words[wanted.length] ?? ''))
  const missing = wanted.find((argument, i) => argument.required && words[i] === undefined)
  if (missing) throw wrong(command, `It needs <${missing.name}>: ${missing.summary}.`)
  return valuesOf(words.map((value, i) => ({ name: nameAt(wanted, i), value, typed: value })))
}

const isSurplus = ({ args = [] }: Command, words: readonly string[]): boolean =>
  words.length > args.length && !args.some((argument) => argument.many)

const surplus = (command: Command, word: string): string =>
  command.rest ? `"${word}" is too much; put the command after "--".` : `"${word}" is too much.`

const nameAt = (wanted: readonly Argument[], i: number): string => (wanted[i] ?? wanted.at(-1))?.name ?? ''

function valuesOf(given: readonly Given[]): Values {
  const list = (name: string) => given.filter((one) => one.name === name).map((one) => one.value ?? '')
  return {
    text: (name) => list(name)[0],
    need: (name) => list(name)[0] ?? '',
    list,
    on: (name) => given.some((one) => one.name === name),
  }
}

const wrong = (command: Command, text: string): Failure =>
  new Failure('usage', `postern ${command.name}: ${text} See postern ${command.name} --help.`)
