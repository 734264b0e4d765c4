import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DecisionId } from '../../src/domain/decision.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { decideUrl } from '../../src/manage/decide-link.ts'
import { addAsking, asked } from './asking.ts'
import { cli, type Served, scratchHome, serve } from './binary.ts'
import { type Answer, addCommand, adminToken, configure, hooks, post, settled } from './hooks.ts'
import { inHome } from './own-capability.ts'

/** A home as a working day leaves it, with what pages show of it. */
export interface Day {
  readonly home: string
  readonly server: Served
  /** A delivery that was answered, and one that failed. */
  readonly delivered: string
  readonly failed: string
  /** A capability URL of the session `build`. */
  readonly url: string
  /** An agent asks whether it may; resolves with the address of the page that decides. */
  ask(title: string): Promise<string>
  close(): Promise<void>
}

const secret = 'the secret of the repository'

/** Sessions of all kinds, knocks of three people and two senders, refusals: as a day brings them. */
export async function liveADay(): Promise<Day> {
  const home = await scratchHome()
  configure(
    home,
    hooks({
      github: { preset: 'github', verify: { scheme: 'github', secret } },
      alertmanager: { preset: 'alertmanager', from: 'alertmanager' },
      news: { name: 'news', path: '/api/hooks/news', messageTemplate: 'News: {{headline}}', active: true },
    }),
  )
  await addCommand(home, 'build', 'cat')
  await addCommand(home, 'webhook-agent', answering)
  await addAsking(home, 'deploy', '--decisions')
  const server = await serve(home)
  await cli(['run', '--session', 'coder', '--detach', '--', 'sh', '-c', agentScreen], { home })
  const failing = await post(`${server.url}/api/hooks/alertmanager`, alert)
  const delivered = String((await fromGithub(server, 'push', push)).body.deliveryId)
  let url = ''
  for (const [label, from, messages] of senders) {
    url = (await cli(['expose', '--session', 'build', '--label', label, '--quiet'], { home })).stdout.trim()
    for (const message of messages) {
      const { status, text } = await post(url, { message, from }, { authorization: '' })
      assert.equal(status, 200, text)
    }
  }
  await turnedAway(server)
  for (const [session, message] of waiting)
    await cli(['send', '--session', session, '--timeout', '0', message], { home })
  const failed = String(failing.body.deliveryId)
  for (const id of [delivered, failed]) await settled(home, server, id)
  return {
    ...{ home, server, delivered, failed, url },
    ask: (title) => ask(home, server, title),
    close: async () => {
      await cli(['session', 'end', '--all'], { home })
      await server.stop()
    },
  }
}

const push = {
  ref: 'refs/heads/main',
  compare: 'https://github.com/acme/billing/compare/1a2b...3c4d',
  repository: { full_name: 'acme/billing' },
  sender: { login: 'alice' },
  commits: [{ id: '3c4d5e6f7a8b', message: 'Fix invoice rounding', author: { name: 'Alice' } }],
}

function fromGithub({ url }: Served, event: string, payload: object, key = secret): Promise<Answer> {
  const body = JSON.stringify(payload)
  return post(`${url}/api/hooks/github`, body, {
    authorization: '',
    'x-github-event': event,
    'x-github-delivery': `72d3162e-cc78-11e3-81ab-${event}`,
    'x-hub-signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
  })
}

/** Knocks that leave no delivery. */
async function turnedAway(server: Served): Promise<void> {
  for (const key of ['the secret before', 'the secret before'])
    assert.equal((await fromGithub(server, 'push', push, key)).status, 401)
  const bare = await post(`${server.url}/api/hooks/news`, {}, { authorization: '' })
  assert.equal(bare.status, 401)
  assert.match((await fromGithub(server, 'star', { action: 'created' })).text, /ignored/)
}

/** What an agent asks of its operator in a turn that goes on for as long. */
async function ask(home: string, { url }: Served, title: string): Promise<string> {
  const notes = join(dirname(home), 'fake-acp')
  await mkdir(notes, { recursive: true })
  await writeFile(join(notes, 'tools.json'), JSON.stringify([title]))
  const [open] = await asked({ url, admin: await adminToken(home) }, 'deploy', 'TOOLS')
  assert.ok(open)
  const { id, session, expiresAt } = open
  return inHome(home, ({ tokens }) =>
    decideUrl(tokens, url, {
      id: id as DecisionId,
      session: session as SessionId,
      expiresAt: Date.parse(expiresAt),
    }),
  )
}

const answering =
  'grep -q DiskFull && { echo "I cannot reach db1."; exit 1; }; echo "The rounding is right now; I added a test for negative totals."'

const alert = {
  ...{ version: '4', status: 'firing', receiver: 'postern', externalURL: 'http://alerts.example.com' },
  commonLabels: { alertname: 'DiskFull' },
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'DiskFull', instance: 'db1', severity: 'critical' },
      annotations: { summary: '/var is 97 % full' },
    },
  ],
}

const senders = [
  [
    'Alice',
    'alice',
    ['The staging database is restored, you can go on.', 'Please keep the changelog short.'],
  ],
  [
    'cron',
    'cron',
    [
      'Summarise what changed since yesterday.',
      'The certificates of eu-1 end in nine days.',
      'The nightly backup took 14 minutes longer than usual.',
    ],
  ],
  [
    'GitHub Actions',
    'ci',
    [
      'Release 2.4.1 is on staging.',
      'Coverage of billing/ fell to 91 %.',
      'CI failed on main: https://github.com/acme/billing/actions/runs/42',
    ],
  ],
] as const

const waiting = [
  ['default', 'Call the hosting company back.'],
  ['coder', 'Is the rounding fixed on main, too?'],
] as const

/** What an agent's terminal may show: a stand-in that draws a screen, and echoes what is typed. */
const agentScreen = `printf '\\033[2J\\033[H\\033[1;38;5;111m●\\033[0m I looked at \\033[1minvoice.ts\\033[0m: the totals were rounded twice.\\n\\n'
printf '  \\033[2m12\\033[0m \\033[31m-  return round(round(net) * (1 + rate))\\033[0m\\n'
printf '  \\033[2m12\\033[0m \\033[32m+  return round(net * (1 + rate))\\033[0m\\n\\n'
printf '\\033[1;38;5;111m●\\033[0m Bash(npm test -- invoice)\\n'
printf '  \\033[32m✓\\033[0m invoice.test.ts \\033[2m(41 tests)\\033[0m 812 ms\\n'
printf '  \\033[32m✓\\033[0m totals.test.ts \\033[2m(17 tests)\\033[0m 203 ms\\n\\n'
printf '\\033[1;38;5;111m●\\033[0m The rounding is right now; I added a test for negative totals.\\n\\n> '
exec cat`
