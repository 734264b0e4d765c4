import { type Command, type Flag, globalFlags } from './command.ts'
import type { Io } from './context.ts'
import { isGroup, namesOf, unknownCommand } from './parse.ts'
import { spelledFlag } from './short-flags.ts'

/**
 * Help on a command, a group of commands, or everything, in lines no longer than `width` where that can be. Throws `usage` for
 * a topic that is neither.
 */
export const helpText = (topic: readonly string[], commands: readonly Command[], width = Infinity): string =>
  fullText(topic, commands)
    .split('\n')
    .flatMap((line) => folded(line, width))
    .join('\n')

/** A terminal breaks lines anywhere; whoever reads a pipe breaks them as they like. */
export const helpWidth = ({ terminal }: Pick<Io, 'terminal'>): number =>
  terminal.stdout ? terminal.columns : Infinity

/** Sentences and the right column of tables are cut between words; examples are left whole, to be copied. */
function folded(line: string, width: number): readonly string[] {
  const column = /^ {2}.*? {2,}(?=\S)/.exec(line)?.[0].length ?? 0
  const cut = line.lastIndexOf(' ', width)
  const isExample = column === 0 && line.startsWith(' ')
  if (line.length <= width || isExample || cut < column || width - column < narrowest) return [line]
  return [line.slice(0, cut), ...folded(' '.repeat(column) + line.slice(cut + 1), width)]
}

const narrowest = 20

function fullText(topic: readonly string[], commands: readonly Command[]): string {
  if (topic.length === 0) return overview(commands)
  const command = commands.find((candidate) => namesOf(candidate).includes(topic.join(' ')))
  if (command && !isGroup(topic, commands)) return commandHelp(command)
  if (!command && !isGroup(topic, commands)) throw unknownCommand(topic, commands)
  const inGroup = groupOf(topic.join(' '), commands)
  const below = inGroup.filter((candidate) => candidate !== command)
  return command
    ? `${commandHelp(command)}\n\n${listing(below)}`
    : [exampleLines(below.map(firstExample)), listing(below)].join('\n\n')
}

export const overviewExamples = [
  'postern serve',
  'postern run --session build -- claude',
  'URL=$(postern expose --session build --quiet)',
  `curl $URL -H 'Content-Type: application/json' -d '{"message":"deploy finished"}'`,
  'postern deliveries tail',
]

export const purpose =
  'A narrow door into a running agent: it mints URLs that let one outsider send one kind of message to one session.'

const overview = (commands: readonly Command[]): string =>
  [
    exampleLines(overviewExamples),
    purpose,
    listing(commands),
    section('Flags of every command', flagLines(globalFlags)),
    'More on one command: postern <command> --help',
  ].join('\n\n')

const commandHelp = (command: Command): string =>
  [
    exampleLines(command.examples),
    section('Usage', [usageOf(command)]),
    [command.summary, ...(command.details === undefined ? [] : [command.details])].join('\n'),
    ...sections(command),
  ].join('\n\n')

function sections(command: Command): readonly string[] {
  const args = (command.args ?? []).map(({ name, summary }) => [`<${name}>`, summary] as const)
  const rest = command.rest ? [[`-- <${command.rest.name}>`, command.rest.summary] as const] : []
  const aliases = (command.aliases ?? []).map((alias) => `postern ${alias}`)
  return [
    ...(args.length + rest.length > 0 ? [section('Arguments', aligned([...args, ...rest]))] : []),
    section('Flags', flagLines([...(command.flags ?? []), ...globalFlags])),
    ...(aliases.length > 0 ? [section('The same', aliases)] : []),
  ]
}

/** For example `postern session add <id> --driver <KIND> [flags] [-- <command>…]`. */
export function usageOf(command: Command): string {
  const { args = [], flags = [], rest } = command
  const argument = ({ name, required, many }: (typeof args)[number]) =>
    optional(`<${name}>${many ? '…' : ''}`, required)
  return [
    `postern ${command.name}`,
    ...args.map(argument),
    ...flags.filter((flag) => flag.required).map((flag) => `--${flag.name} <${flag.value}>`),
    ...(flags.some((flag) => !flag.required) ? ['[flags]'] : []),
    ...(rest ? [optional(`-- <${rest.name}>…`, rest.required)] : []),
  ].join(' ')
}

const optional = (text: string, required: boolean | undefined): string => (required ? text : `[${text}]`)

const groupOf = (name: string, commands: readonly Command[]): readonly Command[] =>
  commands.filter((command) => namesOf(command).some((known) => `${known} `.startsWith(`${name} `)))

const firstExample = (command: Command): string => command.examples[0] ?? `postern ${command.name}`

const exampleLines = (examples: readonly string[]): string => section('Examples', examples)

const listing = (commands: readonly Command[]): string =>
  section('Commands', aligned(commands.map(({ name, summary }) => [name, summary] as const)))

const flagLines = (flags: readonly Flag[]): readonly string[] =>
  aligned(
    flags.map(({ name, value, summary }) => [
      `${spelledFlag(name)}${value === undefined ? '' : ` <${value}>`}`,
      summary,
    ]),
  )

function aligned(pairs: readonly (readonly [string, string])[]): readonly string[] {
  const longest = Math.max(...pairs.map(([left]) => left.length))
  return pairs.map(([left, right]) => `${left.padEnd(longest + 2)}${right}`)
}

const section = (title: string, lines: readonly string[]): string =>
  [title, ...lines.map((line) => `  ${line}`)].join('\n')
