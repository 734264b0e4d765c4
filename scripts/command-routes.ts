import { commands } from '../src/cli/index.ts'

/** The routes that do what a command does, or why there is none. */
type Counterpart = readonly string[] | string

const machine = 'looks at this machine and the home of who runs it'
const files = "changes the home's files, also while no server runs"
const texts = 'prints what the program itself knows'

const counterparts: Readonly<Record<string, Counterpart>> = {
  serve: 'is the server',
  join: 'is the other end of a door',
  leave: 'is about the home of a joined machine',
  dashboard: ['POST /api/dashboard/links'],
  run: 'the agent gets the terminal of who starts it; an agent of the server is registered as `acp`, `command`, …',
  attach: "joins a person's terminal to the agent's; `GET /api/sessions/{id}/screen` shows it",
  'session add': ['POST /api/sessions'],
  'session ls': ['GET /api/sessions'],
  'session show': ['GET /api/sessions/{id}', 'GET /api/sessions/{id}/screen'],
  'session cancel': ['POST /api/sessions/{id}/cancel'],
  'session end': ['DELETE /api/sessions/{id}'],
  inbox: ['GET /api/sessions/{id}/inbox'],
  'inbox ack': ['POST /api/deliveries/{id}/ack'],
  expose: ['POST /api/grants'],
  ls: ['GET /api/grants'],
  revoke: ['DELETE /api/grants/{id}'],
  rotate: ['POST /api/grants/{id}/rotate'],
  pause: ['POST /api/sessions/{id}/pause', 'POST /api/hooks/{name}/pause', 'POST /api/grants/{id}/pause'],
  resume: ['POST /api/sessions/{id}/resume', 'POST /api/hooks/{name}/resume', 'POST /api/grants/{id}/resume'],
  decide: ['GET /api/decisions/{id}', 'POST /api/decisions/{id}'],
  'decide ls': ['GET /api/decisions'],
  send: ['POST /api/deliveries'],
  wait: ['POST /agent/waits', 'GET /api/waits', 'DELETE /api/waits/{id}'],
  'deliveries ls': ['GET /api/deliveries'],
  'deliveries show': ['GET /api/deliveries/{id}'],
  'deliveries retry': ['POST /api/deliveries/{id}/retry', 'POST /api/deliveries/retry'],
  'deliveries cancel': ['POST /api/deliveries/{id}/cancel', 'POST /api/deliveries/cancel'],
  'deliveries replay': ['POST /api/deliveries/{id}/replay'],
  'deliveries purge': ['DELETE /api/deliveries/{id}'],
  'deliveries tail': ['GET /api/deliveries'],
  'refusals ls': ['GET /api/refusals'],
  'refusals tail': ['GET /api/refusals'],
  'notices ls': ['GET /api/notices'],
  'hooks ls': ['GET /api/hooks'],
  'hooks test': ['POST /api/hooks/{name}/test'],
  'hooks send': ['POST /api/hooks/{name}/send'],
  'hosts add': ['POST /api/hosts'],
  'hosts ls': ['GET /api/hosts'],
  'hosts revoke': ['DELETE /api/hosts/{name}'],
  'hosts rotate': ['POST /api/hosts/{name}/rotate'],
  check: 'reads the configuration before a server does',
  'config schema': texts,
  'config show': machine,
  'keys rotate': files,
  'keys export': files,
  'keys new': files,
  'keys adopt': files,
  secret: 'asks nobody',
  backup: files,
  restore: files,
  'store copy': "reads the home's file while no server runs",
  doctor: `${machine}; \`GET /readyz\` and \`GET /metrics\` are for programs`,
  'hook-relay': 'an agent calls it where it runs',
  mcp: ['POST /mcp'],
  'service unit': texts,
  completions: texts,
  man: texts,
  version: texts,
  help: texts,
}

/** The routes in place of a command, or why there are none; undefined for a command that the table lacks. */
export const counterpartOf = (name: string): Counterpart | undefined =>
  Object.hasOwn(counterparts, name) ? counterparts[name] : undefined

/** Every route that some command has for its counterpart. */
export const counterpartRoutes: readonly string[] = Object.values(counterparts).flatMap((one) =>
  typeof one === 'string' ? [] : one,
)

/** Routes of the admin that no command has: they are drawn by the dashboard. */
export const routesWithoutCommand: readonly string[] = ['GET /api/history']

/** The commands that the table speaks of. */
export const commandsWithCounterpart: readonly string[] = Object.keys(counterparts)

/** Command by command, for docs/http.md, with parameters spelled as there. */
export const counterpartTable = (): string =>
  [
    '| command | route |',
    '|---|---|',
    ...commands.map(({ name }) => `| \`${name}\` | ${spelled(counterpartOf(name) ?? '')} |`),
  ]
    .join('\n')
    .replaceAll(/\{(\w+)\}/g, '<$1>')

const spelled = (counterpart: Counterpart): string =>
  typeof counterpart === 'string'
    ? `none: ${counterpart}`
    : counterpart.map((route) => `\`${route}\``).join(', ')
