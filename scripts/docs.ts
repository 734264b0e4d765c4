import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, type Flag, globalFlags } from '../src/cli/command.ts'
import { exitMeanings } from '../src/cli/exit.ts'
import { usageOf } from '../src/cli/help.ts'
import { commands } from '../src/cli/index.ts'
import { spelledFlag } from '../src/cli/short-flags.ts'
import { allDrivers } from '../src/drivers/index.ts'
import { senders } from '../src/providers/index.ts'
import type { Sender } from '../src/providers/sender.ts'
import { counterpartTable } from './command-routes.ts'
import { withPart } from './page-part.ts'
import { writePerformance } from './performance.ts'
import { presetsPage, presetsPagePath } from './presets.ts'

export const cliPagePath = resolve(import.meta.dirname, '../docs/cli.md')

export const configurationPagePath = resolve(import.meta.dirname, '../docs/configuration.md')

export const httpPagePath = resolve(import.meta.dirname, '../docs/http.md')

export const driversPagePath = resolve(import.meta.dirname, '../docs/drivers.md')

if (import.meta.main) {
  writeFileSync(cliPagePath, cliPage())
  writeFileSync(configurationPagePath, withSenders(readFileSync(configurationPagePath, 'utf8')))
  writeFileSync(httpPagePath, withCommands(readFileSync(httpPagePath, 'utf8')))
  writeFileSync(driversPagePath, withDrivers(readFileSync(driversPagePath, 'utf8')))
  writeFileSync(presetsPagePath, await presetsPage())
  writePerformance()
}

/** The page with its list of senders as their table has them now; all else stays. */
export function withSenders(page: string): string {
  return withPart(page, 'senders', senderTable())
}

/** The same with the drivers of the page on them. */
export function withDrivers(page: string): string {
  return withPart(page, 'drivers', driverTable())
}

/** The same with the route of every command. */
export function withCommands(page: string): string {
  return withPart(page, 'commands', counterpartTable())
}

function driverTable(): string {
  const cells = [...allDrivers({}, () => []).values()].map(({ kind, summary, delivery, discover }) => [
    `\`${kind}\``,
    summary,
    delivery === 'push' ? 'pushes' : 'waits to be asked',
    discover ? 'yes' : 'no',
  ])
  return [
    '| driver | | messages | found by `doctor` |',
    '|---|---|---|---|',
    ...cells.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n')
}

function senderTable(): string {
  return [
    '| name | sender | what proves a request | time | handshake | preset |',
    '|---|---|---|---|---|---|',
    ...[...senders].map(([name, sender]) => `| ${[`\`${name}\``, ...senderCells(sender)].join(' | ')} |`),
  ].join('\n')
}

function senderCells({ title, scheme, usesScheme, preset }: Sender): readonly string[] {
  return [
    title,
    scheme?.proof ?? `as \`${usesScheme}\`; a preset only`,
    scheme?.toleranceSeconds === undefined ? '' : `${scheme.toleranceSeconds} s`,
    scheme?.handshake || scheme?.openHandshake ? 'yes' : '',
    preset ? 'yes' : '',
  ]
}

/** docs/cli.md, of the same table that the parser, the help and the completions read. */
export function cliPage(): string {
  return [
    `# Command line

Made from the command table by \`npm run docs\`; \`postern <command> --help\` shows the same.

Data goes to standard output and messages to standard error, so that \`URL=$(postern expose --session build --quiet)\` works.
Colours and cut tables are for terminals only, and never with \`NO_COLOR\`. What strangers wrote (labels, messages) is shown
with everything escaped that a terminal would act on.

| exit code | |
|---|---|
${exitMeanings.map(([code, meaning]) => `| ${code} | ${meaning} |`).join('\n')}

Commands that need a running server are \`send\` and \`dashboard\`. All others work on the home itself, and a running server
sees at once what they did.

## Every command

${flagTable(globalFlags)}`,
    ...commands.map(section),
  ]
    .join('\n\n')
    .concat('\n')
}

function section(command: Command): string {
  const { name, summary, details, args = [], flags = [], rest, aliases = [], examples } = command
  const positionals = [
    ...args.map((argument) => [`\`<${argument.name}>\``, argument.summary] as const),
    ...(rest ? [[`\`-- <${rest.name}>\``, rest.summary] as const] : []),
  ]
  return [
    `## ${name}`,
    [summary, ...(details === undefined ? [] : [details])].join('\n'),
    ...(aliases.length > 0
      ? [`The same: ${aliases.map((alias) => `\`postern ${alias}\``).join(', ')}.`]
      : []),
    fenced([usageOf(command)]),
    ...(positionals.length > 0 ? [table(positionals)] : []),
    ...(flags.length > 0 ? [flagTable(flags)] : []),
    fenced(examples),
  ].join('\n\n')
}

function fenced(lines: readonly string[]): string {
  return ['```sh', ...lines, '```'].join('\n')
}

function flagTable(flags: readonly Flag[]): string {
  return table(
    flags.map(({ name, value, summary }) => [
      `\`${spelledFlag(name)}${value === undefined ? '' : ` <${value}>`}\``,
      summary,
    ]),
  )
}

function table(rows: readonly (readonly [string, string])[]): string {
  return [
    '| | |',
    '|---|---|',
    ...rows.map(([left, right]) => `| ${left} | ${right.replaceAll('|', '\\|')} |`),
  ].join('\n')
}
