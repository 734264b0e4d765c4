import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fenced } from '../../../src/domain/fence.ts'
import type { GrantId } from '../../../src/domain/grant.ts'
import type { SessionId } from '../../../src/domain/session.ts'
import { grantOf } from '../../support/drafts.ts'
import { addDelivery, cli, createWorld, deliveryIn } from '../fake-io.ts'

const missing = 'whd_000000000000000000000000'
const ids = (text: string): string[] => JSON.parse(text).map((one: { id: string }) => one.id)

describe('deliveries ls', () => {
  const grant = '9f3c1a2b7d4e5f60' as GrantId
  const cases: readonly (readonly [flags: string[], found: readonly number[]])[] = [
    [[], [2, 1, 0]],
    [['--state', 'failed'], [1]],
    [['--session', 'other'], [2]],
    [['--hook', 'github'], [1]],
    [['--grant', '9f3c'], [0]],
    [['--limit', '1'], [2]],
  ]
  for (const [flags, found] of cases)
    it(`${flags.join(' ') || 'without a filter'} finds ${found.join(', ')}`, async () => {
      const world = createWorld()
      world.grants.set(grant, {
        id: grant,
        session: 'build' as SessionId,
        verb: 'send_input',
        createdAt: world.now,
        uses: 0,
      })
      const all = [
        addDelivery(world, { source: { kind: 'grant', grant } }),
        addDelivery(world, { state: 'FAILED', source: { kind: 'hook', hook: 'github' } }),
        addDelivery(world, { session: 'other' as SessionId }),
      ]
      const { stdout } = await cli(world, ['deliveries', 'ls', '--json', ...flags])
      assert.deepEqual(
        ids(stdout),
        found.map((i) => all[i]?.id),
      )
    })

  it('shows a URL of a hook by both, and a message without its fence', async () => {
    const world = createWorld()
    const message = `[ci] ${fenced('Push to main', '0'.repeat(16))}`
    addDelivery(world, { source: { kind: 'hook', hook: 'github', grant }, message })
    addDelivery(world, { source: { kind: 'hook', hook: 'gitlab' } })
    const { stdout } = await cli(world, ['deliveries', 'ls'])
    assert.match(stdout, /hook github, grant 9f3c1a2b7d4e5f60/)
    assert.match(stdout, /hook gitlab\s/)
    assert.match(stdout, /\[ci\] Push to main\n/)
    assert.doesNotMatch(stdout, /data-|What stands/)
    const whole = JSON.parse((await cli(world, ['deliveries', 'ls', '--json'])).stdout)
    assert.equal(whole[1].message, message)
  })

  it('fits the terminal and escapes hostile messages', async () => {
    const world = createWorld()
    addDelivery(world, { message: `\x1b]0;pwned\x07${'x'.repeat(300)}\n\u202eevil` })
    for (const columns of [200, 120, 80, 40, 20]) {
      const terminal = { stdin: true, stdout: true, stderr: true, columns, rows: 24 }
      const { stdout } = await cli(world, ['deliveries', 'ls'], { terminal, env: { NO_COLOR: '1' } })
      assert.ok(
        stdout.split('\n').every((line) => line.length <= Math.max(columns, 38)),
        String(columns),
      )
      assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
    }
  })
})

describe('deliveries show', () => {
  it('shows the attempts begun, the same number as ls and --json', async () => {
    const world = createWorld()
    const { id } = addDelivery(world, { state: 'DELIVERED', attempts: 1 })
    const show = async (...argv: string[]) => (await cli(world, ['deliveries', ...argv])).stdout
    assert.match(await show('show', id), /^Attempts: +1$/m)
    assert.match(await show('ls'), /ATTEMPTS.*\n.* admin +1 +-/)
    assert.equal(JSON.parse(await show('show', id, '--json')).attempts, 1)
    assert.equal(JSON.parse(await show('ls', '--json'))[0].attempts, 1)
  })

  it('shows the whole record, bytes and all', async () => {
    const world = createWorld()
    const { id } = addDelivery(world, {
      events: [{ at: world.now, kind: 'held', detail: 'busy: a turn runs' }],
      attemptList: [{ number: 1, startedAt: world.now }],
      headers: { 'user-agent': 'curl' },
      payload: Uint8Array.of(0xff, 0x00),
    })
    const view = JSON.parse((await cli(world, ['deliveries', 'show', id, '--json'])).stdout)
    const held = { at: '2026-11-22T10:00:00.250Z', kind: 'held', detail: 'busy: a turn runs' }
    assert.deepEqual(view.events[1], held)
    assert.deepEqual(view.attemptList, [
      { number: 1, startedAt: '2026-11-22T10:00:00.250Z', endedAt: null, outcome: null, detail: null },
    ])
    assert.deepEqual([view.payload, view.payloadEncoding], ['/wA=', 'base64'])
    const { stdout } = await cli(world, ['deliveries', 'show', id])
    assert.match(stdout, /^State: +PENDING$/m)
    assert.match(stdout, /held +busy: a turn runs/)
    assert.match(stdout, /user-agent: curl/)
  })

  it('reads like a page: what happened, the facts with the grant’s label, the texts, then the timeline', async () => {
    const world = createWorld()
    const grant = '9f3c1a2b7d4e5f60' as GrantId
    world.grants.set(grant, grantOf({ id: grant, label: 'CI' }))
    const { id, receivedAt } = addDelivery(world, {
      state: 'DELIVERED',
      source: { kind: 'grant', grant },
      action: 'turn',
      message: 'run the tests\nof main',
      answer: 'all green',
      attempts: 1,
      acceptedAt: world.now + 241,
      settledAt: world.now + 12_241,
      events: [{ at: world.now + 241, kind: 'submitted', detail: 'evidence: ack' }],
    })
    world.now = receivedAt + 180_000
    const terminal = { stdin: true, stdout: true, stderr: true, columns: 60, rows: 24 }
    const { stdout } = await cli(world, ['deliveries', 'show', id], { terminal })
    assert.match(
      stdout,
      /^Taken by build 240 ms after it arrived; the agent answered\nin 12 s\.\n\nDelivery: /,
    )
    const parts = [
      ...[`Grant:    ${grant} (CI)`, 'Received: 2026-11-22T10:00:00.251Z (3 min ago)'],
      ...['\nMessage\n  run the tests\n  of main\n', '\nAnswer\n  all green\n', '\nTimeline\n'],
      '  +240 ms  submitted       evidence: ack\n',
    ]
    const places = parts.map((part) => stdout.indexOf(part))
    assert.ok(!places.includes(-1), stdout)
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    )
  })

  it('show keeps each row of the timeline on one line of a terminal, and whole in a pipe', async () => {
    const world = createWorld()
    const detail = `busy: ${'a turn runs '.repeat(9)}`.trim()
    const { id } = addDelivery(world, { events: [{ at: world.now + 3_700_241, kind: 'held', detail }] })
    for (const columns of [60, 80]) {
      const terminal = { stdin: true, stdout: true, stderr: true, columns, rows: 24 }
      const { stdout } = await cli(world, ['deliveries', 'show', id], { terminal })
      const [, timeline = ''] = /^Timeline\n((?: .*\n)+)/m.exec(stdout) ?? []
      const lines = timeline.trimEnd().split('\n')
      assert.match(lines.at(-1) ?? '', /^ {2}11:01:40\.\d{3}Z +\+1 h 1 min +held +busy: a turn/)
      for (const line of lines) assert.ok(line.length <= columns, line)
    }
    const { stdout } = await cli(world, ['deliveries', 'show', id])
    assert.ok(stdout.includes(detail))
    assert.match(stdout, /^ {2}2026-11-22T11:01:40\.\d{3}Z +\+1 h 1 min +held/m)
  })

  it('show names what the troubleshooting page has on a delivery that failed or is held', async () => {
    const world = createWorld()
    for (const [change, section] of [
      [{ state: 'FAILED', failedStep: 'callback' }, 'callback'],
      [{ state: 'PENDING', heldBecause: 'blocked' }, 'blocked'],
      [{ state: 'DELIVERED' }, undefined],
    ] as const) {
      const { stdout } = await cli(world, ['deliveries', 'show', addDelivery(world, change).id])
      assert.equal(/^More: +postern help troubleshooting (\w+)$/m.exec(stdout)?.[1], section, stdout)
    }
  })

  it('a person is shown what the troubleshooting page has on a refusal, and never on a wrong command line', async () => {
    const world = createWorld()
    const terminal = { stdin: true, stdout: true, stderr: true, columns: 80, rows: 24 }
    const expose = ['expose', '--session', 'nobody']
    const hint = '\nMore: postern help troubleshooting session_missing\n'
    assert.ok((await cli(world, expose, { terminal })).stderr.endsWith(hint))
    assert.ok(!(await cli(world, expose)).stderr.includes('More:'))
    assert.ok(!(await cli(world, ['expose', '--sesion', 'x'], { terminal })).stderr.includes('More:'))
  })

  it('show --curl prints the line that sends the request again, and what it needs beside it', async () => {
    const world = createWorld()
    const { id } = addDelivery(world, { source: { kind: 'admin' }, message: "it's on" })
    const shown = await cli(world, ['deliveries', 'show', id, '--curl'])
    assert.match(shown.stdout, /^curl -X POST 'https:\/\/host\/api\/deliveries' \\\n/)
    assert.match(shown.stdout, /it'\\''s on/)
    assert.match(shown.stderr, /admin token/)
    const gone = addDelivery(world, { source: { kind: 'hook', hook: 'gone' } })
    const refused = await cli(world, ['deliveries', 'show', gone.id, '--curl'])
    assert.deepEqual([refused.code, refused.stdout], [3, ''])
  })

  for (const id of [missing, 'nonsense'])
    it(`exits with 3 for ${id}`, async () => {
      for (const verb of ['show', 'retry', 'replay', 'purge'])
        assert.equal((await cli(createWorld(), ['deliveries', verb, id])).code, 3, verb)
    })
})

describe('deliveries retry and cancel over a filter', () => {
  const terminal = { stdin: true, stdout: true, stderr: true, columns: 80, rows: 24 }
  const many = () => {
    const world = createWorld()
    for (let n = 0; n < 361; n++) addDelivery(world, { state: 'FAILED', failedStep: 'attempts' })
    for (let n = 0; n < 3; n++) addDelivery(world, { session: 'other' as SessionId, message: `wait ${n}` })
    return world
  }
  const inState = ({ rows }: ReturnType<typeof many>, state: string) =>
    rows.filter(({ delivery }) => delivery.state === state).length

  it('retries 361 with one command; a second one finds nothing', async () => {
    const world = many()
    const argv = ['deliveries', 'retry', '--session', 'build', '--yes']
    const ran = await cli(world, argv)
    assert.deepEqual([ran.code, ran.stdout], [0, 'Retried 361 of 361 deliveries.\n'])
    assert.deepEqual([inState(world, 'FAILED'), inState(world, 'PENDING')], [0, 364])
    assert.equal((await cli(world, argv)).stdout, 'Retried 0 of 0 deliveries.\n')
    const json = JSON.parse((await cli(world, [...argv, '--json'])).stdout)
    assert.deepEqual(json, { found: 0, done: 0, refused: {} })
  })

  it('retries each once when two do it at once', async () => {
    const world = many()
    const argv = ['deliveries', 'retry', '--state', 'failed', '--yes', '--json']
    const results = (await Promise.all([cli(world, argv), cli(world, argv)])).map(({ stdout }) =>
      JSON.parse(stdout),
    )
    assert.equal(results[0].done + results[1].done, 361)
    assert.equal(inState(world, 'PENDING'), 364)
    for (const { events } of world.rows)
      assert.ok(events.filter(({ kind }) => kind === 'requeued').length <= 1)
  })

  it('counts and asks at a terminal, and does nothing without a yes', async () => {
    const world = many()
    const asked: string[] = []
    const answering = (answer: string) => ({
      terminal,
      ask: async (question: string) => {
        asked.push(question)
        return answer
      },
    })
    for (const answer of ['', 'n', 'what'])
      assert.equal((await cli(world, ['deliveries', 'cancel', '--text', 'WAIT'], answering(answer))).code, 1)
    assert.equal(inState(world, 'PENDING'), 3)
    assert.equal(asked[0], 'Cancel 3 deliveries? [y/N] ')
    assert.equal((await cli(world, ['deliveries', 'cancel', '--text', 'WAIT'], answering('y'))).code, 0)
    const cancelled = world.rows.filter(({ delivery }) => delivery.failedStep === 'cancelled')
    assert.deepEqual([cancelled.length, inState(world, 'PENDING')], [3, 0])
  })

  for (const argv of [['--session', 'other'], [], ['whd_000000000000000000000000', '--state', 'failed']])
    it(`cancel ${argv.join(' ')} without --yes and a terminal exits with 2 and changes nothing`, async () => {
      const world = many()
      const ran = await cli(world, ['deliveries', 'cancel', ...argv])
      assert.deepEqual([ran.code, ran.stdout, inState(world, 'PENDING')], [2, '', 3])
    })

  it('cancels one by a beginning of its id, but not what is under way or over', async () => {
    const world = createWorld()
    const waiting = addDelivery(world)
    const leased = addDelivery(world, { leasedUntil: world.now + 9 })
    assert.equal((await cli(world, ['deliveries', 'cancel', waiting.id.slice(0, 20)])).code, 0)
    assert.equal(deliveryIn(world, waiting.id)?.failedStep, 'cancelled')
    for (const id of [waiting.id, leased.id])
      assert.equal((await cli(world, ['deliveries', 'cancel', id])).code, 4, id)
    assert.equal(deliveryIn(world, leased.id)?.state, 'PENDING')
    assert.equal((await cli(world, ['deliveries', 'show', waiting.id.slice(0, 20)])).code, 0)
    assert.equal((await cli(world, ['deliveries', 'show', 'whd_00000000'])).code, 3)
  })

  it('--since and --until take how long ago, or a date', async () => {
    const world = createWorld()
    const [old, young] = [3, 1].map((hours) =>
      addDelivery(world, { receivedAt: world.now - hours * 3_600_000 }),
    )
    const found = async (...argv: string[]) =>
      ids((await cli(world, ['deliveries', 'ls', '--json', ...argv])).stdout)
    assert.deepEqual(await found('--since', '2h'), [young?.id])
    assert.deepEqual(await found('--until', '2h'), [old?.id])
    assert.deepEqual(await found('--since', '2026-11-22T08:00Z'), [young?.id])
    assert.deepEqual(await found('--until', '2026-11-22'), [])
    for (const text of ['soon', '2026', '2026-13-01', '1w'])
      assert.equal((await cli(world, ['deliveries', 'ls', '--since', text])).code, 2, text)
  })

  it('a session that is not there is named with the nearest, and exits with 3', async () => {
    for (const command of ['ls', 'deliveries ls', 'session show', 'attach']) {
      const id = command.endsWith('ls') ? ['--session', 'biuld'] : ['biuld']
      const { code, stderr } = await cli(createWorld(), [...command.split(' '), ...id])
      assert.deepEqual([code, /Did you mean build\?/.test(stderr)], [3, true], command)
    }
  })
})

describe('deliveries retry, replay, purge', () => {
  it('retry takes only what FAILED', async () => {
    const world = createWorld()
    const failed = addDelivery(world, { state: 'FAILED', failures: 8 })
    assert.equal((await cli(world, ['deliveries', 'retry', failed.id])).code, 0)
    assert.equal(deliveryIn(world, failed.id)?.state, 'PENDING')
    assert.equal((await cli(world, ['deliveries', 'retry', failed.id])).code, 4)
  })

  it('replay makes one new delivery that names the old one', async () => {
    const world = createWorld()
    const old = addDelivery(world, { state: 'DELIVERED', message: '[ci] hi', from: 'ci' })
    const { stdout } = await cli(world, ['deliveries', 'replay', old.id, '--json'])
    const view = JSON.parse(stdout)
    assert.deepEqual([view.replayOf, view.message, view.source], [old.id, '[ci] hi', 'admin'])
    assert.equal((await cli(world, ['deliveries', 'replay', old.id])).code, 4, 'while that one is unfinished')
    assert.equal(world.rows.length, 2)
  })

  it('replay cleans the message put in its place', async () => {
    const world = createWorld()
    const old = addDelivery(world, { state: 'DELIVERED' })
    const { stdout } = await cli(world, [
      'deliveries',
      'replay',
      old.id,
      '--message',
      '!rm\x1b[201~',
      '--json',
    ])
    assert.equal(JSON.parse(stdout).message, '[webhook] !rm')
  })

  it('replay of an empty message needs --message', async () => {
    const world = createWorld()
    const old = addDelivery(world, { state: 'FAILED', failedStep: 'template', message: '' })
    assert.equal((await cli(world, ['deliveries', 'replay', old.id])).code, 2)
    assert.equal(world.rows.length, 1)
  })

  it('purge erases what is not in flight', async () => {
    const world = createWorld()
    const [idle, busy] = [addDelivery(world), addDelivery(world, { leasedUntil: world.now + 1000 })]
    assert.equal((await cli(world, ['deliveries', 'purge', idle.id])).code, 0)
    assert.equal((await cli(world, ['deliveries', 'purge', busy.id])).code, 4)
    assert.deepEqual(
      world.rows.map(({ delivery }) => delivery.id),
      [busy.id],
    )
  })
})
