import { Failure } from '../../domain/error.ts'
import { mintableVerbs } from '../../domain/grant.ts'
import { parseSessionId } from '../../domain/session.ts'
import { knownSession } from '../../manage/find-session.ts'
import { answersOf, expose, mostUses, revoke, rotate } from '../../manage/grants.ts'
import { webhookUrl } from '../../manage/urls.ts'
import { type GrantView, grantView, iso, type MintView, mintView } from '../../manage/views.ts'
import { age, duration, shortTime, wholeNumber } from '../arguments.ts'
import { type Call, type Command, printList, withHome } from '../command.ts'
import type { Cell, Column } from '../output.ts'
import { printQrCode } from './qr-code.ts'

const session = { name: 'session', value: 'id', summary: 'the session it opens' }
const hook = {
  name: 'hook',
  value: 'name',
  complete: 'hooks',
  summary: 'the hook it opens, instead of a session',
} as const

const quiet = { name: 'quiet', summary: 'print the URL and nothing else' } as const
const grantId = {
  name: 'grant-id',
  summary: 'its id or a unique beginning of it, 4 characters or more',
  complete: 'openGrants',
  required: true,
} as const

export const grantCommands: readonly Command[] = [
  {
    name: 'expose',
    aliases: ['channel expose'],
    summary: 'Mint a URL that lets its holder do one thing to one session or hook.',
    details:
      'The URL is the whole key. It is shown once and never stored. With --hook it stands in place of the secret or signature of that hook, for senders that can keep nothing but a URL.',
    flags: [
      session,
      hook,
      {
        name: 'verb',
        value: 'verb',
        complete: mintableVerbs,
        summary: 'send_input unless given; run_turn for the answer, too; post_hook with --hook',
      },
      {
        name: 'ttl',
        value: 'TIME',
        summary:
          'lifetime: seconds, or such as 90m, 2h, 7d; 0 takes the server default; "never" does not expire',
      },
      { name: 'uses', value: 'N', summary: 'how often it may be used; as often as one likes unless given' },
      { name: 'label', value: 'TEXT', summary: 'a name, shown in lists' },
      quiet,
      { name: 'qr', summary: 'also as a QR code, for a phone; on a terminal' },
    ],
    examples: [
      'postern expose --session build',
      'postern expose --session build --ttl 2h --label "ci, main branch"',
      'URL=$(postern expose --session build --quiet)',
      'postern expose --session build --verb run_turn --label phone',
      'postern expose --session build --label phone --qr',
      'postern expose --hook github --ttl never',
      'postern expose --session build --uses 1 --ttl 90m',
    ],
    run: runExpose,
  },
  {
    name: 'ls',
    aliases: ['channel ls'],
    summary: 'List every grant, newest first.',
    flags: [{ ...session, complete: 'sessions', summary: 'only grants of this session' }],
    examples: ['postern ls', "postern ls --json | jq -r '.[] | select(.uses == 0) | .id'"],
    run: runList,
  },
  {
    name: 'revoke',
    aliases: ['channel revoke'],
    summary: 'Make a URL stop working, at once.',
    args: [grantId],
    examples: ['postern revoke 9f3c1a2b7d4e5f60', 'postern revoke 9f3c'],
    run: runRevoke,
  },
  {
    name: 'rotate',
    aliases: ['channel rotate'],
    summary: 'Give a grant another URL; the one before it stops working after the grace.',
    details: 'Label, uses and expiry stay. Rotated again within the grace, only the two newest URLs work.',
    args: [grantId],
    flags: [
      { name: 'grace', value: 'TIME', summary: 'how long the URL before it still works; 5m unless given' },
      quiet,
    ],
    examples: ['postern rotate 9f3c', 'postern rotate 9f3c --grace 0', 'URL=$(postern rotate 9f3c --quiet)'],
    run: runRotate,
  },
]

function runExpose(call: Call): Promise<void> {
  return withHome(call, async (home) => {
    const { store, tokens, clock, config, baseUrl, paths } = home
    const { grant, token } = await expose(
      {
        ...{ store, tokens, clock, defaultTtlSeconds: config.server.grantTtlSeconds },
        hooks: () => config.webhooks.hooks.map(({ name }) => name),
        answers: async (session) =>
          answersOf({ drivers: await home.drivers(), runDir: paths.runDir, here: home.host }, session),
      },
      mintOf(call),
    )
    const minted = mintView(grant, webhookUrl(baseUrl, token))
    printMint(call, minted)
    if (call.flags.on('qr')) await printQrCode(call, minted.webhook)
  })
}

function requireOneForm({ flags, json, io }: Call): void {
  if (flags.on('qr') && (json || flags.on('quiet') || !io.terminal.stdout))
    throw new Failure('usage', '--qr is for a terminal, and not for --json or --quiet.')
  if (json && flags.on('quiet')) throw new Failure('usage', 'Choose one of --json and --quiet.')
}

function mintOf(call: Call): Parameters<typeof expose>[1] {
  requireOneForm(call)
  const { flags } = call
  const [ttl, uses] = [flags.text('ttl'), flags.text('uses')]
  if (!flags.on('session') && !flags.on('hook'))
    throw new Failure('usage', 'postern expose needs --session <id> or --hook <name>.')
  return {
    ...flags.pick('session', 'hook', 'verb', 'label'),
    ...(uses !== undefined && { uses: wholeNumber(uses, '--uses', mostUses, 1) }),
    ...(ttl !== undefined && { ttlSeconds: ttl === 'never' ? ttl : duration(ttl, '--ttl') / 1000 }),
  }
}

function printMint({ out, io, json, flags }: Call, minted: MintView): void {
  if (json) return void out.json(minted)
  if (flags.on('quiet')) return void out.line(minted.webhook)
  out.fields([
    ['Channel', minted.channel],
    ['Grant ID', minted.grantId],
    ['Webhook', minted.webhook],
    ['Expires', minted.expires ?? '-'],
  ])
  if (io.terminal.stdout && io.terminal.stderr)
    out.note(
      `\nThe URL is the whole key and is not shown again. Knock with:\n  ${curlLine(minted.webhook, minted.hook === null ? '{"message":"hello"}' : '{}')}`,
    )
}

const curlLine = (url: string, body: string): string =>
  `curl ${url} -H 'Content-Type: application/json' -d '${body}'`

function runList(call: Call): Promise<void> {
  return withHome(call, async ({ store, clock }) => {
    const wanted = call.flags.text('session')
    const grants = await store.listGrants(
      wanted === undefined ? {} : { session: (await knownSession(store, parseSessionId(wanted))).id },
    )
    const views = grants.map((grant) => grantView(grant, clock.now()))
    printList(call, columns, views, 'No grants yet. Mint one: postern expose --session <id>')
  })
}

const columns: readonly Column<GrantView>[] = [
  { title: 'ID', unique: 6, cell: ({ id }) => id },
  {
    title: 'CHANNEL',
    flexible: 12,
    cell: ({ channel }) => channel,
    short: ({ session, hook }) => session ?? `hook ${hook}`,
  },
  { title: 'VERBS', goes: 1, cell: ({ verbs }) => verbs.join(',') },
  { title: 'LABEL', flexible: 12, cell: ({ label }) => label ?? '-' },
  { title: 'REVOKED', goes: 4, cell: revokedCell },
  { title: 'EXPIRES', goes: 3, cell: expiryCell, short: shortExpiry },
  {
    title: 'LAST USED',
    goes: 2,
    right: true,
    cell: ({ lastUsed }) => shortTime(lastUsed),
    short: ({ lastUsed }, now) => age(lastUsed, now),
  },
  { title: 'USES', right: true, cell: usesCell },
]

function revokedCell({ revoked, pausedAt }: GrantView): Cell {
  if (revoked) return { text: 'yes', tone: 'bad' }
  return pausedAt === null ? 'no' : { text: 'paused', tone: 'warn' }
}

function usesCell({ uses, maxUses }: GrantView): Cell {
  if (maxUses === null) return String(uses)
  return uses >= maxUses ? { text: `${uses}/${maxUses} (used up)`, tone: 'faint' } : `${uses}/${maxUses}`
}

function expiryCell({ expires, expired }: GrantView): Cell {
  return expired ? { text: `${shortTime(expires)} (expired)`, tone: 'faint' } : shortTime(expires)
}

function shortExpiry({ expires, expired }: GrantView, now: number): Cell {
  return expired ? { text: 'expired', tone: 'faint' } : age(expires, now)
}

function runRevoke(call: Call): Promise<void> {
  return withHome(call, async ({ store, clock }) => {
    const grant = await revoke({ store, clock }, call.args.need('grant-id'))
    const view = grantView(grant, clock.now())
    if (call.json) call.out.json(view)
    else call.out.note(`Revoked ${view.id} (${view.channel}).`)
  })
}

function runRotate(call: Call): Promise<void> {
  requireOneForm(call)
  const grace = call.flags.text('grace')
  const graceMs = grace === undefined ? undefined : duration(grace, '--grace')
  return withHome(call, async (home) => {
    const { grant, token } = await rotate(home, call.args.need('grant-id'), graceMs)
    printMint(call, mintView(grant, webhookUrl(home.baseUrl, token)))
    const until = grant.previousUntil || undefined
    if (!call.json && !call.flags.on('quiet'))
      call.out.note(
        until ? `The URL before it works until ${iso(until)}.` : 'The URL before it works no more.',
      )
  })
}
