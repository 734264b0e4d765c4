import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import type { DeliveryEvent, DeliveryId } from '../../../src/domain/delivery.ts'
import type { Connection, TurnEvents } from '../../../src/domain/driver.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { DriverSettings } from '../../../src/domain/session.ts'
import { eventually } from '../../suites/driver.ts'
import { type Bench, fakeAgent, openBench } from './harness.ts'

const deliveryId = 'whd_000000000000000000000001' as DeliveryId
const quiet: TurnEvents = { accepted: async () => {}, progress: () => {} }
const patience = () => AbortSignal.timeout(20_000)

const inject = (connection: Connection, text: string, signal = patience()) =>
  connection.inject({ deliveryId, text }, signal)

const turn = (connection: Connection, text: string, signal = patience(), on = quiet) =>
  connection.turn({ deliveryId, text }, signal, on)

const on = (title: string, body: (bench: Bench) => Promise<void>, settings: DriverSettings = {}) =>
  test(title, async () => {
    const bench = await openBench(settings)
    try {
      await body(bench)
    } finally {
      await bench.remove()
    }
    assert.equal(await bench.anyRuns(), false)
  })

const untilFree = async (connection: Connection, text: string): Promise<Outcome> => {
  for (;;) {
    const outcome = await inject(connection, text)
    if (outcome.kind !== 'busy') return outcome
  }
}

const said = 'on it. '.trimEnd()
const ends: readonly (readonly [string, string, Outcome])[] = [
  ['end_turn with text', 'hello', { kind: 'completed', answer: 'ECHO[1]: hello', toolCalls: 0 }],
  ['noise between its lines', 'NOISE', { kind: 'completed', answer: 'ECHO[1]: NOISE', toolCalls: 0 }],
  [
    'end_turn without a word',
    'EMPTY',
    { kind: 'turn_failed', why: 'empty', detail: 'it ended its turn without a word or a tool call' },
  ],
  ['refusal', 'REFUSE', { kind: 'turn_failed', why: 'refusal', detail: 'it refused' }],
  ['max_tokens', 'MAXTOK', { kind: 'turn_failed', why: 'max_tokens', detail: 'it ran out of tokens' }],
  [
    'a stop reason of its own',
    'REQUESTS',
    { kind: 'turn_failed', why: 'agent_error', detail: 'it stopped: max_turn_requests' },
  ],
  [
    'an error before it reacted',
    'ERR',
    { kind: 'turn_failed', why: 'agent_error', detail: 'Internal error: model failed' },
  ],
  [
    'an error after it reacted',
    'CHATTY ERR',
    { kind: 'turn_failed', why: 'agent_error', detail: 'Internal error: model failed', answer: said },
  ],
  [
    'a crash before it reacted',
    'CRASH',
    {
      kind: 'unknown',
      why: 'its agent had the message: the agent exited with code 70: out of luck',
      accepted: true,
    },
  ],
  [
    'a crash after it reacted',
    'CHATTY CRASH',
    {
      kind: 'turn_failed',
      why: 'exited',
      detail: 'the agent exited with code 70: out of luck',
      answer: said,
    },
  ],
]
for (const [title, text, outcome] of ends)
  on(`acp turn: ${title}`, async ({ connection, prompts }) => {
    assert.deepEqual(await turn(connection, text), outcome)
    assert.deepEqual(await prompts(), [text])
    const next = await turn(connection, 'and now')
    assert.equal(next.kind, 'completed', JSON.stringify(next))
  })

on('acp turn answers requests it does not know with -32601', async ({ connection }) => {
  const outcome = await turn(connection, 'ASK')
  assert.ok(outcome.kind === 'completed')
  assert.match(outcome.answer ?? '', /"code":-32601/)
})

on('acp answer is the first 64 KiB, no character cut', async ({ connection }) => {
  const outcome = await turn(connection, 'BIG:50000')
  assert.ok(outcome.kind === 'completed')
  assert.equal(outcome.answer, 'ä'.repeat(32_768))
})

on('acp agent runs in its directory and inherits no secret', async ({ connection, starts, folder }) => {
  await turn(connection, 'hello')
  const [start] = await starts()
  const { pid: _pid, ...rest } = start ?? { pid: 0 }
  assert.deepEqual(rest, { cwd: folder, pwd: folder })
})

on('acp brings ten messages in order, each as a turn of its own', async ({ connection, prompts, starts }) => {
  const ten = Array.from({ length: 10 }, (_, index) => `SLOW:0.05 number ${index + 1}`)
  for (const text of ten) assert.equal((await untilFree(connection, text)).kind, 'taken')
  assert.deepEqual(await prompts(), ten)
  assert.equal((await starts()).length, 1)
  await eventually(async () => (await connection.state(patience())).kind === 'idle', 'the last one is over')
  const last = await turn(connection, 'how many')
  assert.ok(last.kind === 'completed' && last.answer === 'ECHO[11]: how many', JSON.stringify(last))
})

on('acp inject is taken when the agent reacts, and busy until its turn ends', async ({ connection }) => {
  const outcome = await inject(connection, 'CHATTY SLOW:600')
  assert.deepEqual(outcome, { kind: 'taken', evidence: 'ack' })
  assert.deepEqual(await connection.state(patience()), { kind: 'busy', why: 'a turn runs' })
  assert.deepEqual(await inject(connection, 'next'), { kind: 'busy', why: 'a turn runs' })
})

on('acp inject that was taken is not cut off by its deadline', async ({ connection, prompts }) => {
  const stop = new AbortController()
  assert.equal((await inject(connection, 'CHATTY SLOW:0.3', stop.signal)).kind, 'taken')
  stop.abort()
  await eventually(async () => (await connection.state(patience())).kind === 'idle', 'its turn is over')
  const next = await turn(connection, 'and')
  assert.ok(next.kind === 'completed' && next.answer === 'ECHO[2]: and', JSON.stringify(next))
  assert.equal((await prompts()).length, 2)
})

const cuts: readonly (readonly [string, string, 'inject' | 'turn', 'timeout' | 'stop', Outcome])[] = [
  [
    'a turn over its time',
    'CHATTY SLOW:600',
    'turn',
    'timeout',
    { kind: 'turn_failed', why: 'timeout', detail: 'its turn took longer than it may', answer: said },
  ],
  [
    'a silent turn over its time',
    'SLOW:600',
    'turn',
    'timeout',
    { kind: 'turn_failed', why: 'timeout', detail: 'its turn took longer than it may' },
  ],
  [
    'a turn that was stopped',
    'CHATTY SLOW:600',
    'turn',
    'stop',
    { kind: 'unknown', why: 'cut off while its turn ran', accepted: true },
  ],
  [
    'a silent turn that was stopped',
    'SLOW:600',
    'turn',
    'stop',
    { kind: 'released', why: 'its turn was cancelled before it began' },
  ],
  [
    'an input over its time',
    'SLOW:600',
    'inject',
    'timeout',
    { kind: 'failed', why: 'the agent did not react in time', retry: true },
  ],
  [
    'an input that was stopped',
    'SLOW:600',
    'inject',
    'stop',
    { kind: 'released', why: 'its turn was cancelled before it began' },
  ],
  [
    'an input whose agent does not let go',
    'SLOW:600 DEAF',
    'inject',
    'stop',
    { kind: 'unknown', why: 'the agent did not react', accepted: false },
  ],
]
for (const [title, text, how, why, outcome] of cuts)
  on(`acp cuts off ${title}`, async ({ connection, prompts }) => {
    const stop = new AbortController()
    const running =
      how === 'turn' ? turn(connection, text, stop.signal) : inject(connection, text, stop.signal)
    await eventually(async () => (await prompts()).length === 1, 'it got the prompt')
    stop.abort(why === 'timeout' ? new DOMException('too long', 'TimeoutError') : undefined)
    assert.deepEqual(await running, outcome)
    if (text.includes('DEAF')) return
    assert.equal((await turn(connection, 'next')).kind, 'completed')
  })

on('acp ends an agent that cannot be cancelled, and goes on with another', async (bench) => {
  const { connection, prompts, starts, anyRuns } = bench
  const stop = new AbortController()
  const running = turn(connection, 'CHATTY SLOW:600 DEAF', stop.signal)
  await eventually(async () => (await prompts()).length === 1, 'it got the prompt')
  stop.abort()
  assert.equal((await running).kind, 'unknown')
  assert.equal((await connection.state(patience())).kind, 'busy')
  await eventually(async () => !(await anyRuns()), 'it was ended')
  assert.equal((await untilFree(connection, 'next')).kind, 'taken')
  assert.equal((await starts()).length, 2)
})

on('acp holds a permission for a person until the turn is cancelled', async (bench) => {
  const { connection, notes } = bench
  const events: DeliveryEvent[] = []
  const stop = new AbortController()
  const running = turn(connection, 'TOOL', stop.signal, {
    ...quiet,
    progress: (event) => void events.push(event),
  })
  const blocked = { kind: 'blocked', why: 'it waits for permission: touch x' }
  await eventually(async () => (await connection.state(patience())).kind === 'blocked', 'it is blocked')
  assert.deepEqual(await connection.state(patience()), blocked)
  assert.deepEqual(await inject(connection, 'meanwhile'), { kind: 'busy', why: blocked.why })
  assert.deepEqual(await notes('permissions.jsonl'), [])
  stop.abort(new DOMException('too long', 'TimeoutError'))
  const outcome = await running
  assert.ok(outcome.kind === 'turn_failed' && outcome.why === 'timeout', JSON.stringify(outcome))
  assert.deepEqual(await notes('permissions.jsonl'), [{ outcome: { outcome: 'cancelled' } }])
  assert.deepEqual(
    events.map(({ kind, detail }) => `${kind}: ${detail}`),
    ['turn_started: the agent reacts', 'turn_started: tool call: touch x', 'held: permission: touch x'],
  )
})

for (const permission of ['execute', 'touch x'])
  on(
    `acp allows once what the configuration names: ${permission}`,
    async ({ connection, notes }) => {
      const outcome = await turn(connection, 'TOOL')
      assert.deepEqual(outcome, { kind: 'completed', answer: 'ECHO[1]: TOOL', toolCalls: 1 })
      assert.deepEqual(await notes('permissions.jsonl'), [
        { outcome: { outcome: 'selected', optionId: 'once' } },
      ])
    },
    { permissions: ['read', permission] },
  )

on(
  'acp holds what the configuration does not name',
  async ({ connection, notes }) => {
    assert.equal((await inject(connection, 'TOOL')).kind, 'taken')
    await eventually(async () => (await connection.state(patience())).kind === 'blocked', 'it is blocked')
    assert.deepEqual(await notes('permissions.jsonl'), [])
  },
  { permissions: ['read', 'touch', 'touch x y'] },
)

for (const env of [{}, { FAKE_ACP_NO_RESUME: '1' }])
  on(
    `acp goes on with the same conversation after its agent was killed ${JSON.stringify(env)}`,
    async ({ connection, starts, remembered, logged }) => {
      assert.equal((await turn(connection, 'one')).kind, 'completed')
      for (const { pid } of await starts()) process.kill(pid, 'SIGKILL')
      await eventually(async () => (await turn(connection, 'is it there')).kind === 'completed', 'it is back')
      const outcome = await turn(connection, 'three')
      assert.ok(outcome.kind === 'completed' && outcome.answer === 'ECHO[3]: three', JSON.stringify(outcome))
      assert.equal(remembered.length, 1)
      assert.equal(logged.includes('acp.conversation_lost'), false)
    },
    { env },
  )

on('acp goes on with the same conversation in the next server', async (bench) => {
  assert.equal((await turn(bench.connection, 'one')).kind, 'completed')
  await bench.connection.close()
  assert.equal(await bench.anyRuns(), false)
  assert.deepEqual(await readdir(join(bench.folder, 'run')), [])
  const next = bench.connect(bench.remembered.at(-1))
  assert.deepEqual(await turn(next, 'two'), { kind: 'completed', answer: 'ECHO[2]: two', toolCalls: 0 })
})

on(
  'acp begins a new conversation when the old one is unknown, and says so',
  async ({ connection, remembered, logged }) => {
    const outcome = await turn(connection, 'one')
    assert.ok(outcome.kind === 'completed' && outcome.answer === 'ECHO[1]: one', JSON.stringify(outcome))
    assert.match(String(remembered.at(-1)?.acpSessionId), /^fs_/)
    assert.ok(logged.includes('acp.conversation_lost'))
  },
  { acpSessionId: 'fs_of_yesterday' },
)

on('acp starts anew when its conversation is gone while it runs', async ({ connection, starts, logged }) => {
  assert.equal((await turn(connection, 'one')).kind, 'completed')
  const gone = await turn(connection, 'GONE')
  assert.ok(gone.kind === 'failed' && gone.retry, JSON.stringify(gone))
  assert.ok(logged.includes('acp.conversation_gone'))
  assert.equal((await turn(connection, 'two')).kind, 'completed')
  assert.equal((await starts()).length, 2)
})

const starts: readonly (readonly [string, DriverSettings, Partial<Outcome>, RegExp])[] = [
  ['is not there', { command: ['/nowhere/agent'] }, { kind: 'failed', retry: true }, /cannot start/],
  [
    'exits at once',
    { command: ['/bin/sh', '-c', 'echo no key >&2; exit 3'] },
    { kind: 'failed', retry: true },
    /code 3: no key/,
  ],
  [
    'speaks another version',
    { env: { FAKE_ACP_VERSION: '9' } },
    { kind: 'failed', retry: true },
    /version 9/,
  ],
  [
    'wants a login',
    { env: { FAKE_ACP_LOGIN: '1' } },
    { kind: 'busy', retryAfterMs: 30_000 },
    /login: Authentication/,
  ],
]
for (const [title, settings, expected, why] of starts)
  on(
    `acp says why an agent is of no use that ${title}`,
    async ({ connection, prompts, anyRuns }) => {
      const outcome = await inject(connection, 'hello')
      assert.ok('why' in outcome)
      assert.match(outcome.why, why)
      assert.deepEqual(Object.assign({}, outcome, expected), outcome)
      assert.deepEqual(await prompts(), [])
      assert.equal(await anyRuns(), false)
    },
    settings,
  )

on('acp calls a skill that the agent told of, and one from a folder by its text', async (bench) => {
  const { connection, prompts, folder } = bench
  await mkdir(join(folder, 'extra/triage'), { recursive: true })
  await writeFile(join(folder, 'extra/triage/SKILL.md'), '---\nname: triage\n---\nLook twice.\n')
  assert.deepEqual(await connection.skills(patience()), ['code-review'])
  const say = (skill: string) => connection.turn({ deliveryId, text: '[ci] hi', skill }, patience(), quiet)
  assert.equal((await say('code-review')).kind, 'completed')
  assert.equal((await say('triage')).kind, 'completed')
  assert.deepEqual(await say('nothing'), {
    kind: 'failed',
    why: 'it has no skill "nothing"',
    retry: false,
    skill: true,
  })
  assert.deepEqual(await prompts(), ['/code-review [ci] hi', 'Look twice.\n\n[ci] hi'])
})

on(
  'acp gives the text of a skill that lies where the agent looks but that it did not tell of',
  async ({ connection, prompts, folder }) => {
    await connection.skills(patience())
    await mkdir(join(folder, '.agents/skills/late'), { recursive: true })
    await writeFile(join(folder, '.agents/skills/late/SKILL.md'), 'Look later.\n')
    await connection.turn({ deliveryId, text: 'hi', skill: 'late' }, patience(), quiet)
    assert.deepEqual(await prompts(), ['Look later.\n\nhi'])
  },
  { agent: 'opencode' },
)

on(
  'acp names no file to an agent that would read it',
  async ({ connection, prompts }) => {
    assert.equal((await turn(connection, 'look at @/etc/passwd and @nowhere, please')).kind, 'completed')
    assert.deepEqual(await prompts(), ['look at \\@/etc/passwd and @nowhere, please'])
  },
  { agent: 'claude' },
)

on('acp skills come from the folders when the agent does not start', async (bench) => {
  await mkdir(join(bench.folder, 'extra/triage'), { recursive: true })
  await writeFile(join(bench.folder, 'extra/triage/SKILL.md'), 'Look twice.\n')
  const connection = bench.connect({ ...bench.session.settings, command: ['/nowhere/agent'] })
  assert.deepEqual(await connection.skills(patience()), ['triage'])
})

on('acp notes what runs for its owner only', async (bench) => {
  await turn(bench.connection, 'hello')
  const run = join(bench.folder, 'run')
  const [name = ''] = await readdir(run)
  assert.equal((await stat(run)).mode & 0o777, 0o700)
  assert.equal((await stat(join(run, name))).mode & 0o777, 0o600)
  await bench.connection.end()
  assert.deepEqual(await readdir(run), [])
})

on('acp recall tells what a killed server had under way, and nothing of it is left', async (bench) => {
  for (const how of ['inject', 'turn'] as const) {
    await bench.killedServer(how, deliveryId, 'CHATTY SLOW:600')
    assert.equal(await bench.anyRuns(), true)
    const next = bench.connect()
    const other = 'whd_000000000000000000000002' as DeliveryId
    assert.equal(await next.recall(other), undefined)
    assert.equal(await bench.anyRuns(), false)
    const expected: Outcome =
      how === 'inject'
        ? { kind: 'taken', evidence: 'ack' }
        : { kind: 'unknown', why: 'the server was stopped while its turn ran', accepted: true }
    assert.deepEqual(await next.recall(deliveryId), expected)
    assert.equal(await next.recall(deliveryId), undefined)
    assert.equal((await turn(next, 'next')).kind, 'completed')
    await next.close()
  }
})

on('acp turn that the store knows of leaves no note that would mislead a retry by hand', async (bench) => {
  await turn(bench.connection, 'one')
  const [name = ''] = await readdir(join(bench.folder, 'run'))
  const noted = JSON.parse(await readFile(join(bench.folder, 'run', name), 'utf8'))
  assert.deepEqual(Object.keys(noted).sort(), ['agent', 'owner'])
})

on('acp message of a killed server that its agent had in hands is not sent again', async (bench) => {
  await bench.killedServer('turn', deliveryId, 'SLOW:600')
  const next = bench.connect()
  const became = await next.recall(deliveryId)
  assert.ok(became?.kind === 'unknown' && became.accepted, JSON.stringify(became))
  assert.equal((await turn(next, 'again')).kind, 'completed')
})

on('acp ends what a killed server left before anybody knocks', async (bench) => {
  await bench.killedServer('inject', deliveryId, 'CHATTY')
  assert.equal(await bench.anyRuns(), true)
  bench.connect()
  await eventually(async () => !(await bench.anyRuns()), 'it is gone')
})

on('acp leaves the agent of a server that runs to that server', async (bench) => {
  assert.equal((await turn(bench.connection, 'one')).kind, 'completed')
  const other = bench.connect()
  assert.equal(await other.recall(deliveryId), undefined)
  await other.close()
  assert.equal(await bench.anyRuns(), true)
  assert.equal((await turn(bench.connection, 'two')).kind, 'completed')
  assert.equal((await bench.starts()).length, 1)
})

on('acp end from another process ends the agent', async (bench) => {
  await bench.killedServer('inject', deliveryId, 'CHATTY')
  await bench.connect().end()
  assert.equal(await bench.anyRuns(), false)
})

on('acp sweep never ends a stranger under a recycled pid', async (bench) => {
  await bench.killedServer('inject', deliveryId, 'CHATTY')
  const run = join(bench.folder, 'run')
  const path = join(run, (await readdir(run))[0] ?? '')
  const noted = await readFile(path, 'utf8')
  const { agent, ...rest } = JSON.parse(noted)
  await writeFile(path, JSON.stringify({ ...rest, agent: { ...agent, start: 'of somebody else' } }))
  await bench.connect().recall(deliveryId)
  assert.equal(await bench.anyRuns(), true)
  await writeFile(path, noted)
  await bench.connect().recall(deliveryId)
  assert.equal(await bench.anyRuns(), false)
})

test('acp prepare completes settings and names what is wrong', async () => {
  const { driver, remove } = await openBench()
  const prepare = (settings: DriverSettings) => driver.prepare(settings, { cwd: '/srv' })
  const opencode = { command: ['opencode', 'acp'], cwd: '/srv', agent: 'opencode', permissions: [] }
  assert.deepEqual(await prepare({ command: ['opencode', 'acp'] }), opencode)
  const agents: readonly (readonly [readonly string[], unknown])[] = [
    [['npx', '-y', '@agentclientprotocol/codex-acp@2.6.0'], 'codex'],
    [['/opt/bin/claude-agent-acp'], 'claude'],
    [['gemini', '--acp'], 'gemini'],
    [['./mine'], undefined],
  ]
  for (const [command, agent] of agents) assert.equal((await prepare({ command })).agent, agent)
  assert.equal((await prepare({ command: ['./mine'], agent: 'pi' })).agent, 'pi')
  const wrong: readonly (readonly [DriverSettings, RegExp])[] = [
    [{}, /needs a command/],
    [{ command: [] }, /needs a command/],
    [{ command: 'opencode acp' }, /needs a command/],
    [{ command: fakeAgent, agent: 'clippy' }, /no such agent/],
    [{ command: fakeAgent, permissions: 'execute' }, /permissions/],
    [{ command: fakeAgent, env: { A: 1 } }, /env/],
    [{ command: fakeAgent, cwd: 7 }, /cwd/],
    [{ command: fakeAgent, target: '%5' }, /no setting "target"/],
  ]
  for (const [settings, why] of wrong) await assert.rejects(prepare(settings), why)
  await remove()
})
