import type { HostState } from '../../domain/host.ts'
import { plural } from '../../domain/plural.ts'
import {
  addHost,
  type HostDeps,
  type HostView,
  type HostWithToken,
  listHosts,
  revokeHost,
  rotateHost,
} from '../../manage/hosts.ts'
import { age, shortTime } from '../arguments.ts'
import { type Call, type Command, printList, withHome } from '../command.ts'
import type { LocalHome } from '../context.ts'
import type { Cell, Column } from '../output.ts'

const name = { name: 'name', summary: 'the host', required: true } as const
const known = { ...name, complete: 'openHosts' } as const

export const hostsCommands: readonly Command[] = [
  {
    name: 'hosts add',
    summary: 'Let another machine join this door, and print the token that it joins with.',
    details:
      'The token stands alone on standard output. It is shown once and never stored. It opens what belongs to sessions of that machine, and nothing else.',
    args: [{ ...name, summary: 'a name for the machine, 1 to 64 of a-z 0-9 . _ -' }],
    examples: ['postern hosts add laptop', '(umask 077; postern hosts add laptop > laptop.token)'],
    run: (call) => printToken(call, addHost),
  },
  {
    name: 'hosts ls',
    summary: 'List every machine with agents of its own, whether it is there, and how many sessions it has.',
    examples: [
      'postern hosts ls',
      'postern hosts ls --json | jq -r \'.[] | select(.state == "away") | .name\'',
    ],
    run: runList,
  },
  {
    name: 'hosts revoke',
    summary: 'Make the token of a machine stop working, at once.',
    details:
      'Its sessions are offline from then on. What waits for them waits until their ids are opened elsewhere.',
    args: [known],
    examples: ['postern hosts revoke laptop'],
    run: runRevoke,
  },
  {
    name: 'hosts rotate',
    summary: 'Give a machine another token; the one before it stops working at once.',
    args: [known],
    examples: ['postern hosts rotate laptop', '(umask 077; postern hosts rotate laptop > laptop.token)'],
    run: (call) => printToken(call, rotateHost),
  },
]

function printToken(
  call: Call,
  act: (deps: HostDeps, name: string) => Promise<HostWithToken>,
): Promise<void> {
  return withHome(call, async (home) => {
    const { host, token } = await act(home, call.args.need('name'))
    if (call.json) return call.out.json({ ...host, token })
    call.out.line(token)
    call.out.note(nextSteps(home, host))
  })
}

function nextSteps({ baseUrl }: LocalHome, { name }: HostView): string {
  return [
    `That is the whole key of the host "${name}" and is not shown again. Save it there in a file that is yours alone, and:`,
    `  postern join ${baseUrl} --token-file FILE`,
    ...(baseUrl.startsWith('https:')
      ? []
      : [
          'Other machines join by https alone: set server.publicUrl, or postern serve --public-url https://…',
        ]),
  ].join('\n')
}

function runList(call: Call): Promise<void> {
  return withHome(call, async (home) => {
    const hosts = await listHosts(home)
    const kinds = hosts.some(({ kind }) => kind === 'door')
    const none = 'No hosts. Let a machine join: postern hosts add <name>'
    printList(call, kinds ? [...columns, kindColumn] : columns, hosts, none)
  })
}

const columns: readonly Column<HostView>[] = [
  { title: 'NAME', flexible: 12, cell: ({ name }) => name },
  { title: 'STATE', cell: ({ state }) => ({ text: state, tone: tones[state] }) },
  { title: 'SESSIONS', right: true, cell: ({ sessions }) => String(sessions) },
  {
    title: 'SEEN',
    right: true,
    goes: 1,
    cell: ({ seenAt }) => shortTime(seenAt),
    short: ({ seenAt }, now) => age(seenAt, now),
  },
  {
    title: 'ADDED',
    right: true,
    goes: 2,
    cell: ({ createdAt }) => shortTime(createdAt),
    short: ({ createdAt }, now) => age(createdAt, now),
  },
]

const kindColumn: Column<HostView> = { title: 'KIND', goes: 3, cell: ({ kind }) => kind }

const tones: Readonly<Record<HostState, Exclude<Cell, string>['tone']>> = {
  waiting: 'faint',
  there: 'good',
  away: 'warn',
  revoked: 'faint',
}

function runRevoke(call: Call): Promise<void> {
  return withHome(call, async (home) => {
    const host = await revokeHost(home, call.args.need('name'))
    if (call.json) return call.out.json(host)
    const sessions =
      host.sessions === 0
        ? ''
        : ` ${plural(host.sessions, 'session')} of it ${host.sessions === 1 ? 'is' : 'are'} offline.`
    call.out.note(`Revoked ${host.name}.${sessions}`)
  })
}
