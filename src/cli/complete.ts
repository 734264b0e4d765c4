import { pause } from '../wait.ts'
import { homeRoot } from './arguments.ts'
import { type Candidate, listCandidates } from './candidates.ts'
import { type Command, type Completion, type Flag, globalFlags } from './command.ts'
import type { Io } from './context.ts'
import { type CommandLine, match, namesOf, readCommandLine } from './parse.ts'
import { letterOf } from './short-flags.ts'
import { escapeLine, fit } from './terminal-text.ts'

/** The first argument of the hidden command that completion scripts call. */
export const completeName = '__complete'

const mostMs = 1500
const summaryColumns = 60

/**
 * Prints what may stand in place of the last of `args`: one candidate a line, its summary after a tab. Prints nothing on a failure
 * or after `limitMs`, and creates no home: a person is in the middle of a command line.
 */
export async function complete(
  args: readonly string[],
  commands: readonly Command[],
  io: Io,
  limitMs = mostMs,
): Promise<number> {
  const over = new AbortController()
  const work = candidatesAt(args, commands, io).catch(() => [])
  const found = (await Promise.race([work, pause(limitMs, over.signal)])) ?? []
  over.abort()
  io.stdout(found.map(lineOf).join(''))
  return 0
}

const lineOf = ({ text, summary }: Candidate): string =>
  `${escapeLine(text)}\t${fit(escapeLine(summary), summaryColumns)}\n`

/** The place on the command line where a candidate is wanted. */
interface Spot {
  readonly line: CommandLine
  readonly command: Command | undefined
  /** Positionals after the command's name. */
  readonly arguments: readonly string[]
  readonly commands: readonly Command[]
  readonly io: Io
}

/** For these the scripts offer names of files. */
const files: readonly Candidate[] = [{ text: ':files', summary: '' }]

async function candidatesAt(
  args: readonly string[],
  commands: readonly Command[],
  io: Io,
): Promise<readonly Candidate[]> {
  const [, prefix = '', typed = ''] = /^(--[^=]+=)?(.*)$/s.exec(args.at(-1) ?? '') ?? []
  // bash breaks `--flag=value` into three.
  const whole = args.slice(0, -1).filter((arg) => arg !== '=')
  const before = prefix === '' ? whole : [...whole, prefix.slice(0, -1)]
  const current = typed === '=' ? '' : typed
  const spot = spotAfter(before, commands, io)
  if (spot.line.rest) return files
  const flag = flagWithoutValue(spot, before.at(-1))
  if (!flag && prefix !== '') return []
  const found = flag
    ? await valuesFor(flag.complete ?? usual[flag.value ?? ''], spot)
    : await nextAt(spot, current)
  if (found === files) return files
  return found.filter(({ text }) => begins(text, current)).map((one) => ({ ...one, text: prefix + one.text }))
}

const begins = (text: string, current: string): boolean =>
  text.toLowerCase().startsWith(current.toLowerCase())

function spotAfter(before: readonly string[], commands: readonly Command[], io: Io): Spot {
  const line = readCommandLine(before, commands)
  const { command, used = 0 } = match(line.positionals, commands) ?? {}
  return { line, command, arguments: line.positionals.slice(used), commands, io }
}

function flagWithoutValue({ line, command, commands }: Spot, last: string | undefined): Flag | undefined {
  const given = line.given.at(-1)
  if (given?.value !== undefined || given?.typed !== last) return undefined
  const flags = [...globalFlags, ...(command ? [command] : commands).flatMap((one) => one.flags ?? [])]
  return flags.find(({ name, value }) => name === given?.name && value !== undefined)
}

async function nextAt(spot: Spot, current: string): Promise<readonly Candidate[]> {
  const { command, line } = spot
  if (current.startsWith('-'))
    return [...flagCandidates(spot), ...(current === '-' ? letterCandidates(spot) : [])]
  const { args = [], flags = [] } = command ?? {}
  const argument = args[spot.arguments.length] ?? args.find(({ many }) => many)
  const values = await valuesFor(argument?.complete ?? usual[argument?.name ?? ''], spot)
  if (values === files) return files
  const missing = flags.filter(({ name, required }) => required && !isGiven(line, name))
  const next = [...nextWords(line.positionals, spot.commands), ...values, ...missing.map(flagCandidate)]
  return next.length > 0 || !command ? next : flagCandidates(spot)
}

/** What placeholders and names of arguments stand for, where the command names nothing better. */
const usual: Readonly<Record<string, Completion>> = {
  FILE: 'files',
  PATH: 'files',
  DIR: 'files',
  file: 'files',
  id: 'openSessions',
  'grant-id': 'grants',
  'delivery-id': 'deliveries',
}

async function valuesFor(completion: Completion | undefined, spot: Spot): Promise<readonly Candidate[]> {
  if (completion === undefined) return []
  if (completion === 'files') return files
  if (completion === 'commands') return nextWords(spot.arguments, spot.commands)
  const home = spot.line.given.find(({ name }) => name === 'home')?.value
  // The shell has not expanded `~` yet.
  const expanded = home?.replace(/^~(?=\/|$)/, spot.io.userHome)
  return listCandidates(completion, spot.io, homeRoot(expanded, spot.io))
}

const isGiven = ({ given }: CommandLine, flag: string): boolean => given.some(({ name }) => name === flag)

function flagCandidates(spot: Spot): readonly Candidate[] {
  const { rest } = spot.command ?? {}
  return [...openFlags(spot).map(flagCandidate), ...(rest ? [{ text: '--', summary: rest.summary }] : [])]
}

/** Those that may still be given. */
const openFlags = ({ command, line }: Spot): readonly Flag[] =>
  [...(command?.flags ?? []), ...globalFlags].filter(({ name, many }) => many || !isGiven(line, name))

const letterCandidates = (spot: Spot): readonly Candidate[] =>
  openFlags(spot).flatMap(({ name, summary }) => {
    const letter = letterOf(name)
    return letter === undefined ? [] : [{ text: `-${letter}`, summary }]
  })

const flagCandidate = ({ name, summary }: Flag): Candidate => ({ text: `--${name}`, summary })

/** What comes next in the name of every command that begins with `begun`. */
function nextWords(begun: readonly string[], commands: readonly Command[]): readonly Candidate[] {
  const words = new Map<string, string>()
  for (const command of commands)
    for (const name of namesOf(command).map((one) => one.split(' '))) {
      const word = name[begun.length]
      if (word === undefined || begun.some((one, i) => one !== name[i])) continue
      if (name.length === begun.length + 1) words.set(word, command.summary)
      else if (!words.has(word)) words.set(word, `${word} …`)
    }
  return [...words].map(([text, summary]) => ({ text, summary }))
}
