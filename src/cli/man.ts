import { type Argument, type Command, type Flag, globalFlags } from './command.ts'
import { exitMeanings } from './exit.ts'
import { overviewExamples, purpose, usageOf } from './help.ts'
import { spelledFlag } from './short-flags.ts'

interface Edition {
  readonly version: string
  /** Of the page, in Unix milliseconds. */
  readonly at: number
}

/** The manual page in the macros of man(7), of the table that the parser, the help and the completions read. */
export const manPage = (commands: readonly Command[], { version, at }: Edition): string =>
  [
    `.TH POSTERN 1 ${new Date(at).toISOString().slice(0, 10)} "postern ${version}" "User Commands"`,
    ...['.ad l', '.nh'],
    ...['.SH NAME', `postern \\- ${prose('a narrow door into a running agent')}`],
    ...['.SH SYNOPSIS', '.B postern', '.RI < command > " [flags]"'],
    ...['.SH DESCRIPTION', prose(purpose), ...exampleLines(overviewExamples)],
    ...['.SH OPTIONS', 'Of every command.', ...flagLines(globalFlags)],
    '.SH COMMANDS',
    ...commands.flatMap(commandLines),
    ...['.SH "EXIT STATUS"', ...exitMeanings.flatMap(([code, meaning]) => tagged(String(code), meaning))],
    ...['.SH ENVIRONMENT', ...environment.flatMap(([name, meaning]) => tagged(name, meaning))],
    ...['.SH FILES', 'In the home, which only its owner reads:', ...files.flatMap(([f, m]) => tagged(f, m))],
    '',
  ].join('\n')

const environment: readonly (readonly [name: string, meaning: string])[] = [
  ['POSTERN_HOME', 'The home, where no --home is given; else ~/.postern.'],
  ['NO_COLOR', 'No colours, whatever its value is.'],
  ['POSTERN_STORE', 'The address of the database, where no --store is given.'],
  ['POSTERN_SIGNING_KEYS', 'Signing keys in place of files, as "postern keys export" prints them.'],
  ['POSTERN_ADMIN_TOKEN', 'The admin token in place of a file.'],
  ['POSTERN_SESSION', 'In an agent of Postern: the session in which it runs.'],
]

const files: readonly (readonly [name: string, meaning: string])[] = [
  ['preferences/webhooks.json', 'The configuration; "postern config schema" describes it.'],
  ['postern.db', 'Grants, sessions and deliveries.'],
  ['keys/', 'Keys that sign URLs, and the token of the administrator.'],
  ['run/', 'Sockets of terminals and of the running server.'],
]

function commandLines(command: Command): readonly string[] {
  const { name, summary, details, args = [], flags = [], rest, aliases = [], examples } = command
  return [
    `.SS "postern ${code(name)}"`,
    ...['.B', code(usageOf(command)), '.PP', prose(summary)],
    ...(details === undefined ? [] : [prose(details)]),
    ...(aliases.length === 0
      ? []
      : ['.PP', prose(`The same: ${aliases.map((one) => `postern ${one}`).join(', ')}.`)]),
    ...args.flatMap(argumentLines),
    ...(rest ? tagged(`-- <${rest.name}>`, rest.summary) : []),
    ...flagLines(flags),
    ...exampleLines(examples),
  ]
}

const argumentLines = ({ name, summary }: Argument): readonly string[] => tagged(`<${name}>`, summary)

const flagLines = (flags: readonly Flag[]): readonly string[] =>
  flags.flatMap(({ name, value, summary }) =>
    tagged(`${spelledFlag(name)}${value === undefined ? '' : ` <${value}>`}`, summary),
  )

const tagged = (tag: string, text: string): readonly string[] => ['.TP', `.B ${code(tag)}`, prose(text)]

const exampleLines = (examples: readonly string[]): readonly string[] => [
  ...['.PP', 'For example:', '.RS', '.nf'],
  ...examples.map(line),
  ...['.fi', '.RE'],
]

/** Text of a paragraph. */
const prose = (text: string): string => line(text.replaceAll('\n', ' '))

/** A line that begins with a control character of roff would be a request. */
const line = (text: string): string => code(text).replace(/^(?=[.'])/, '\\&')

const spelled: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '"': '\\(dq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
}

/** Text as it stands, with what roff would make something else of spelled out. */
const code = (text: string): string =>
  text.replace(
    /[\\\-'"`^~]|[^\x00-\x7f]/gu,
    (one) => spelled[one] ?? `\\[u${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
  )
