import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { DeliveryEvent, DeliveryId } from '../../../src/domain/delivery.ts'
import type { Connection, Readiness, TurnEvents } from '../../../src/domain/driver.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { DriverSettings } from '../../../src/domain/session.ts'
import { eventually } from '../../suites/driver.ts'
import { type Bench, openBench } from './harness.ts'

const deliveryId = 'whd_000000000000000000000001' as DeliveryId
const quiet: TurnEvents = { accepted: async () => {}, progress: () => {} }
const patience = () => AbortSignal.timeout(20_000)

const inject = (connection: Connection, text: string, signal = patience()) =>
  connection.inject({ deliveryId, text }, signal)

const turn = (connection: Connection, text: string, signal = patience(), on = quiet) =>
  connection.turn({ deliveryId, text }, signal, on)

/** A turn under way: its message is known to have been taken, and its server works on it or waits for a person. */
async function turnUnderWay(connection: Connection, text: string, signal = patience()) {
  const accepted = Promise.withResolvers<void>()
  const outcome = turn(connection, text, signal, { ...quiet, accepted: async () => accepted.resolve() })
  await Promise.race([accepted.promise, outcome])
  await eventually(async () => isUnderWay(await connection.state(patience())), 'it runs')
  return { outcome }
}

/** Not before the server says so: a message whose turn is only about to begin makes the state busy as well. */
const isUnderWay = (state: Readiness): boolean =>
  state.kind === 'blocked' || (state.kind === 'busy' && state.why === 'a turn runs')

const timeout = () => new DOMException('too long', 'TimeoutError')

const on = (
  title: string,
  body: (bench: Bench) => Promise<void>,
  settings: DriverSettings = {},
  env: Readonly<Record<string, string>> = {},
) =>
  test(title, async () => {
    const bench = await openBench(settings, env)
    try {
      await body(bench)
    } finally {
      await bench.remove()
    }
  })

const silent = 'it ended its turn without a word or a tool call'
const ends: readonly (readonly [string, string, Outcome])[] = [
  ['stop with text', 'hello', { kind: 'completed', answer: 'ECHO: hello', toolCalls: 0 }],
  ['a tool call', 'TOOL', { kind: 'completed', answer: 'on it.\nECHO: TOOL', toolCalls: 1 }],
  [
    'a tool call without a word after it',
    'TOOL EMPTY',
    { kind: 'completed', answer: 'on it.', toolCalls: 1 },
  ],
  ['a message that shows only later', 'LATE', { kind: 'completed', answer: 'ECHO: LATE', toolCalls: 0 }],
  [
    'room that was made in between',
    'ROOM',
    { kind: 'completed', answer: 'first half\nsecond half', toolCalls: 0 },
  ],
  ['stop without a word', 'EMPTY', { kind: 'turn_failed', why: 'empty', detail: silent }],
  ['a failed model call', 'ERR', { kind: 'turn_failed', why: 'agent_error', detail: 'fake failure' }],
  [
    'no tokens left',
    'MAXTOK',
    { kind: 'turn_failed', why: 'max_tokens', detail: 'it ran out of tokens', answer: 'half' },
  ],
  ['a filtered answer', 'FILTER', { kind: 'turn_failed', why: 'refusal', detail: 'it refused' }],
  ['an error without any answer', 'SILENT', { kind: 'turn_failed', why: 'agent_error', detail: 'no model' }],
]
for (const [title, text, outcome] of ends)
  on(`opencode turn: ${title}`, async ({ connection, fake }) => {
    assert.deepEqual(await turn(connection, text), outcome)
    assert.deepEqual(fake.received, [text])
    const next = await turn(connection, 'and now')
    assert.equal(next.kind, 'completed', JSON.stringify(next))
  })

on('opencode turn sends nothing before it would hear of an error', async ({ connection, fake }) => {
  const telling = Promise.withResolvers<void>()
  fake.telling = telling.promise
  const running = turn(connection, 'SILENT')
  await eventually(async () => fake.requests.includes('GET /event'), 'it wants to listen')
  assert.equal((await connection.state(patience())).kind, 'idle')
  assert.deepEqual(fake.received, [])
  telling.resolve()
  assert.deepEqual(await running, { kind: 'turn_failed', why: 'agent_error', detail: 'no model' })
})

on('opencode turn that begins between two questions is not taken for over', async ({ connection, fake }) => {
  const listing = Promise.withResolvers<void>()
  fake.listing = listing.promise
  const running = turn(connection, 'IDLE TOOL PERMIT')
  const lists = (request: string) => request.endsWith('/message')
  await eventually(async () => fake.requests.some(lists), 'it was idle, and is asked for its messages')
  fake.begin()
  await eventually(async () => (await connection.state(patience())).kind === 'blocked', 'it is blocked')
  listing.resolve()
  fake.permit()
  const answer = 'on it.\nECHO: IDLE TOOL PERMIT'
  assert.deepEqual(await running, { kind: 'completed', answer, toolCalls: 1 })
})

on('opencode turn tells of tools, of permissions, and of its model', async ({ connection, fake }) => {
  const events: DeliveryEvent[] = []
  const running = turn(connection, 'TOOL PERMIT RETRY', patience(), {
    ...quiet,
    progress: (event) => void events.push(event),
  })
  await eventually(async () => events.length === 3, 'it has told of all three')
  assert.equal((await connection.state(patience())).kind, 'blocked')
  fake.permit()
  assert.equal((await running).kind, 'completed')
  assert.deepEqual(
    events.map(({ kind, detail }) => `${kind}: ${detail}`),
    [
      'turn_started: its model is asked again: the model is tired',
      'turn_started: tool call: bash',
      'held: permission: bash rm -r x',
    ],
  )
})

on(
  'opencode never answers a permission: twenty messages wait, and it stays',
  async ({ connection, fake }) => {
    assert.equal((await inject(connection, 'PERMIT')).kind, 'taken')
    await eventually(async () => (await connection.state(patience())).kind === 'blocked', 'it is blocked')
    const why = 'it waits for permission: bash rm -r x'
    for (let count = 0; count < 20; count++)
      assert.deepEqual(await inject(connection, `number ${count}`), { kind: 'busy', why, blocked: true })
    assert.deepEqual(fake.received, ['PERMIT'])
    assert.deepEqual(
      fake.requests.filter((request) => /reply|reject|abort|permissions/.test(request)),
      [],
    )
    fake.permit()
    await eventually(async () => (await inject(connection, 'now')).kind === 'taken', 'it is free')
    assert.deepEqual(fake.received, ['PERMIT', 'now'])
  },
)

on('opencode request that outlived its turn blocks nobody', async ({ connection, fake }) => {
  const late = new AbortController()
  const running = await turnUnderWay(connection, 'PERMIT', late.signal)
  await eventually(async () => (await connection.state(patience())).kind === 'blocked', 'it is blocked')
  late.abort(timeout())
  assert.equal((await running.outcome).kind, 'turn_failed')
  await eventually(async () => (await connection.state(patience())).kind === 'idle', 'it is idle')
  assert.equal((await turn(connection, 'next')).kind, 'completed')
  assert.equal(fake.aborts.length, 1)
})

on(
  "opencode waits while a person's own turn runs, and is not confused by it",
  async ({ connection, fake }) => {
    fake.say('SLOW:600')
    await eventually(async () => (await connection.state(patience())).kind === 'busy', 'it is busy')
    assert.deepEqual(await inject(connection, 'hello'), { kind: 'busy', why: 'a turn runs' })
    assert.deepEqual(fake.received, ['SLOW:600'])
  },
)

on('opencode holds the next message until the turn of the last has begun', async ({ connection, fake }) => {
  assert.equal((await inject(connection, 'IDLE')).kind, 'taken')
  // What comes now would join the turn.
  assert.deepEqual(await inject(connection, 'two'), { kind: 'busy', why: 'a turn begins' })
  fake.begin()
  await eventually(async () => (await inject(connection, 'two')).kind === 'taken', 'it is free')
  assert.deepEqual(fake.received, ['IDLE', 'two'])
})

on('opencode aborts a turn that takes longer than it may', async ({ connection, fake }) => {
  const late = new AbortController()
  const running = await turnUnderWay(connection, 'TOOL SLOW:600', late.signal)
  late.abort(timeout())
  const detail = 'its turn took longer than it may'
  assert.deepEqual(await running.outcome, { kind: 'turn_failed', why: 'timeout', detail, answer: 'on it.' })
  assert.equal(fake.aborts.length, 1)
})

on('opencode turn of a server that stops runs on, and the next server finds its end', async (bench) => {
  const { connection, connect, fake } = bench
  const stop = new AbortController()
  const running = await turnUnderWay(connection, 'PERMIT', stop.signal)
  stop.abort()
  assert.deepEqual(await running.outcome, { kind: 'busy', why: 'its turn runs on', retryAfterMs: 0 })
  const next = connect()
  assert.deepEqual(await next.recall(deliveryId), { kind: 'busy', why: 'a turn runs', retryAfterMs: 500 })
  assert.equal(await next.recall('whd_000000000000000000000002' as DeliveryId), undefined)
  fake.permit()
  const end = { kind: 'completed', answer: 'ECHO: PERMIT', toolCalls: 0 }
  await eventually(async () => (await next.recall(deliveryId))?.kind === 'completed', 'it is over')
  assert.deepEqual(await next.recall(deliveryId), end)
  assert.deepEqual([fake.received, fake.aborts], [['PERMIT'], []])
})

on('opencode recall of an input that stands in the conversation: taken', async ({ connection, connect }) => {
  assert.equal((await inject(connection, 'hello')).kind, 'taken')
  assert.deepEqual(await connect().recall(deliveryId), { kind: 'taken', evidence: 'ack' })
})

on(
  'opencode message that came to nothing is sent again, but not while it may still arrive',
  async (bench) => {
    const { connection, connect } = bench
    const stop = new AbortController()
    const running = inject(connection, 'NEVER', stop.signal)
    await eventually(
      async () => bench.fake.requests.some((one) => one.endsWith('/prompt_async')),
      'it was sent',
    )
    stop.abort()
    const unknown = await running
    assert.ok(unknown.kind === 'unknown' && !unknown.accepted, JSON.stringify(unknown))
    assert.equal((await connect().recall(deliveryId))?.kind, 'busy')
    assert.equal(await connect(undefined, 30_000).recall(deliveryId), undefined)
  },
)

on('opencode turn that failed leaves no note that would mislead a retry by hand', async (bench) => {
  assert.equal((await turn(bench.connection, 'ERR')).kind, 'turn_failed')
  assert.equal(await bench.connect().recall(deliveryId), undefined)
})

on(
  'opencode notes what it sends for its owner only, and no password',
  async ({ connection, folder, fake }) => {
    fake.password = 's3cret'
    assert.equal((await inject(connection, 'hello')).kind, 'taken')
    const run = join(folder, 'run')
    const [name = ''] = await readdir(run)
    assert.equal((await stat(join(run, name))).mode & 0o777, 0o600)
    assert.doesNotMatch(await readFile(join(run, name), 'utf8'), /s3cret/)
  },
  {},
  { OPENCODE_SERVER_PASSWORD: 's3cret' },
)

on('opencode whose server dies in the middle of a turn has failed it', async ({ connection, fake }) => {
  const running = await turnUnderWay(connection, 'SLOW:600')
  await fake.away()
  const outcome = await running.outcome
  assert.ok(outcome.kind === 'turn_failed' && outcome.why === 'exited', JSON.stringify(outcome))
  const offline = { kind: 'offline', why: 'nobody answers at its address' }
  assert.deepEqual(await inject(connection, 'next'), offline)
  await fake.back()
})

on('opencode whose server dies before the message shows may have it, and is asked later', async (bench) => {
  const { connection, connect, fake } = bench
  const running = turn(connection, 'NEVER')
  // It looks for the message only after the server has said yes to it.
  const looksForIt = (request: string) => /^GET .*\/message\/msg_/.test(request)
  await eventually(async () => fake.requests.some(looksForIt), 'it looks for its message')
  await fake.away()
  const why = 'its server went away before the message appeared'
  assert.deepEqual(await running, { kind: 'unknown', why, accepted: false })
  assert.equal((await connect().recall(deliveryId))?.kind, 'offline')
  await fake.back()
  assert.equal((await connect().recall(deliveryId))?.kind, 'busy')
})

on('opencode turn that was cut off with its server is no success for the next one either', async (bench) => {
  const { connection, connect, fake } = bench
  const stop = new AbortController()
  const running = await turnUnderWay(connection, 'SLOW:600', stop.signal)
  stop.abort()
  await running.outcome
  await fake.away()
  assert.deepEqual(await connect().recall(deliveryId), {
    kind: 'offline',
    why: 'nobody answers at its address',
  })
  await fake.back()
  assert.equal((await connect().recall(deliveryId))?.kind, 'busy')
})

for (const [title, password, env, why] of [
  ['a wrong one', undefined, { OPENCODE_SERVER_PASSWORD: 'x' }, 'its server refuses the password'],
  ['none', undefined, {}, 'its server refuses the password'],
  [
    'one that is not there',
    { env: 'OC_PASSWORD' },
    {},
    "the server's environment has no OC_PASSWORD for its password",
  ],
] as const)
  test(`opencode with ${title} for its password waits`, async () => {
    const bench = await openBench({ ...(password && { password }), sessionId: 'ses_000001' }, env)
    bench.fake.password = 's3cret'
    assert.deepEqual(await inject(bench.connection, 'hi'), { kind: 'offline', why })
    assert.deepEqual(await bench.connection.state(patience()), { kind: 'offline', why })
    assert.deepEqual(bench.fake.received, [])
    await bench.remove()
  })

on('opencode takes a stranger at its address for no end of its session', async ({ connection, fake }) => {
  await fake.away()
  const { createServer } = await import('node:http')
  const stranger = createServer((_, response) => void response.writeHead(404).end('<html>'))
  await new Promise<void>((resolve) => stranger.listen(Number(new URL(fake.url).port), '127.0.0.1', resolve))
  const why = 'what answers at its address is no opencode server'
  assert.deepEqual(await connection.state(patience()), { kind: 'offline', why })
  stranger.closeAllConnections()
  await new Promise((resolve) => stranger.close(resolve))
  await fake.back()
})

on('opencode without a conversation begins one, and keeps to it', async ({ fake, connect, remembered }) => {
  fake.sessions.clear()
  const connection = connect({ url: fake.url })
  assert.deepEqual(await connection.state(patience()), { kind: 'idle' })
  assert.equal((await turn(connection, 'one')).kind, 'completed')
  const [begun] = fake.sessions.keys()
  assert.equal(remembered.at(-1)?.sessionId, begun)
  assert.equal((await turn(connection, 'two')).kind, 'completed')
  assert.equal(fake.sessions.size, 1)
})

on('opencode puts the text of a skill before the message, and calls nothing', async (bench) => {
  const { connection, fake, folder } = bench
  await mkdir(join(folder, 'extra/triage'), { recursive: true })
  await writeFile(join(folder, 'extra/triage/SKILL.md'), '---\nname: triage\n---\nLook three times.\n')
  assert.deepEqual(await connection.skills(patience()), ['code-review', 'triage'])
  const say = (skill: string) =>
    connection.turn({ deliveryId, text: '[ci] !`id` @x', skill }, patience(), quiet)
  assert.equal((await say('code-review')).kind, 'completed')
  assert.equal((await say('triage')).kind, 'completed')
  const none = await say('nothing')
  assert.ok(none.kind === 'failed' && none.skill, JSON.stringify(none))
  assert.deepEqual(fake.received, [
    'Look twice.\n\nBase directory for this skill: /srv/skills/code-review\n\n[ci] !`id` @x',
    'Look three times.\n\n[ci] !`id` @x',
  ])
  assert.deepEqual(
    fake.requests.filter((request) => request.includes('/command')),
    [],
  )
})

test('opencode prepare completes settings and names what is wrong', async () => {
  const { fake, driver, remove } = await openBench()
  const prepare = (settings: DriverSettings) => driver.prepare(settings, { cwd: '/' })
  const password = { env: 'OPENCODE_SERVER_PASSWORD' }
  const complete = { url: fake.url, sessionId: 'ses_000001', username: 'opencode', password }
  assert.deepEqual(await prepare({ url: `${fake.url}/` }), complete)
  const away = await prepare({ url: 'http://127.0.0.1:1' })
  assert.deepEqual(away, { url: 'http://127.0.0.1:1', username: 'opencode', password })
  const wrong: readonly (readonly [DriverSettings, RegExp])[] = [
    [{}, /needs the URL/],
    [{ url: 'ftp://x/' }, /needs the URL/],
    [{ url: 'http://me:secret@x/' }, /no credentials/],
    [{ url: fake.url, sessionId: '../x' }, /sessionId/],
    [{ url: fake.url, password: 'secret' }, /password as {"env"/],
    [{ url: fake.url, username: 'a:b' }, /username/],
    [{ url: fake.url, target: '%5' }, /no setting "target"/],
  ]
  for (const [settings, why] of wrong) await assert.rejects(prepare(settings), why)
  await remove()
})
