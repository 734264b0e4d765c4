import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { DriverSettings } from '../../../src/domain/session.ts'
import { eventually } from '../../suites/driver.ts'
import {
  deliveryId,
  inject,
  ownedTest,
  patience,
  quiet,
  testOwnedDriver,
  turn,
} from '../../suites/owned-driver.ts'
import { fakeAgent, openBench } from './harness.ts'

const said = 'on it.'
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

testOwnedDriver({
  name: 'acp',
  open: openBench,
  ends,
  longAnswer: 'BIG:50000',
  question: {
    text: 'TOOL',
    asks: 'permission: touch x',
    notes: 'permissions.jsonl',
    dismissed: [{ outcome: { outcome: 'cancelled' } }],
  },
  allowed: {
    permissions: ['execute', 'touch x'],
    answers: [{ outcome: { outcome: 'selected', optionId: 'once' } }],
  },
  notAllowed: ['read', 'touch', 'touch x y'],
  resumesWith: { env: { FAKE_ACP_NO_RESUME: '1' } },
  lost: { acpSessionId: 'fs_of_yesterday' },
  killedTurn: { kind: 'unknown', why: 'the server was stopped while its turn ran', accepted: true },
  recovers: false,
  skill: { call: '/code-review [ci] hi', none: 'nothing' },
  settings: {
    complete: [
      [
        { command: ['opencode', 'acp'] },
        { command: ['opencode', 'acp'], cwd: '/srv', agent: 'opencode', permissions: [] },
      ],
      [
        { command: ['./mine'], agent: 'pi' },
        { command: ['./mine'], cwd: '/srv', agent: 'pi', permissions: [] },
      ],
    ],
    wrong: [
      [{}, /needs a command/],
      [{ command: [] }, /needs a command/],
      [{ command: 'opencode acp' }, /needs a command/],
      [{ command: fakeAgent, agent: 'clippy' }, /no such agent/],
      [{ command: fakeAgent, permissions: 'execute' }, /permissions/],
    ],
  },
})

const on = ownedTest('acp', openBench)

on('turn answers requests it does not know with -32601', async ({ connection }) => {
  const outcome = await turn(connection, 'ASK')
  assert.ok(outcome.kind === 'completed')
  assert.match(outcome.answer ?? '', /"code":-32601/)
})

on('inject that was taken is not cut off by its deadline', async ({ connection, prompts }) => {
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
  on(`cuts off ${title}`, async ({ connection, prompts }) => {
    const stop = new AbortController()
    const running =
      how === 'turn' ? turn(connection, text, stop.signal) : inject(connection, text, stop.signal)
    await eventually(async () => (await prompts()).length === 1, 'it got the prompt')
    stop.abort(why === 'timeout' ? new DOMException('too long', 'TimeoutError') : undefined)
    assert.deepEqual(await running, outcome)
    if (text.includes('DEAF')) return
    assert.equal((await turn(connection, 'next')).kind, 'completed')
  })

on('starts anew when its conversation is gone while it runs', async ({ connection, starts, logged }) => {
  assert.equal((await turn(connection, 'one')).kind, 'completed')
  const gone = await turn(connection, 'GONE')
  assert.ok(gone.kind === 'failed' && gone.retry, JSON.stringify(gone))
  assert.ok(logged.includes('acp.conversation_gone'))
  assert.equal((await turn(connection, 'two')).kind, 'completed')
  assert.equal((await starts()).length, 2)
})

const starts: readonly (readonly [string, DriverSettings, Partial<Outcome>, RegExp])[] = [
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
    `says why an agent is of no use that ${title}`,
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

on(
  'gives the text of a skill that lies where the agent looks but that it did not tell of',
  async ({ connection, prompts, folder }) => {
    await connection.skills(patience())
    await mkdir(join(folder, '.agents/skills/late'), { recursive: true })
    await writeFile(join(folder, '.agents/skills/late/SKILL.md'), 'Look later.\n')
    await connection.turn({ deliveryId, text: 'hi', skill: 'late' }, patience(), quiet)
    assert.deepEqual(await prompts(), ['Look later.\n\nhi'])
  },
  { agent: 'opencode' },
)

for (const agent of ['opencode', 'gemini', 'qwen', 'claude'])
  on(
    `takes no command of ${agent} for a skill, and lists none`,
    async ({ connection, prompts }) => {
      assert.deepEqual(await connection.skills(patience()), [])
      const message = { deliveryId, text: 'hi', skill: 'code-review' }
      const outcome = await connection.turn(message, patience(), quiet)
      assert.ok(outcome.kind === 'failed' && outcome.skill, JSON.stringify(outcome))
      assert.deepEqual(await prompts(), [])
    },
    { agent },
  )

on(
  'names no file to an agent that would read it',
  async ({ connection, prompts }) => {
    assert.equal((await turn(connection, 'look at @/etc/passwd and @nowhere, please')).kind, 'completed')
    assert.deepEqual(await prompts(), ['look at \\@/etc/passwd and @nowhere, please'])
  },
  { agent: 'claude' },
)

on('skills come from the folders when the agent does not start', async (bench) => {
  await mkdir(join(bench.folder, 'extra/triage'), { recursive: true })
  await writeFile(join(bench.folder, 'extra/triage/SKILL.md'), 'Look twice.\n')
  const connection = bench.connect({ ...bench.session.settings, command: ['/nowhere/agent'] })
  assert.deepEqual(await connection.skills(patience()), ['triage'])
})

on('notes what runs for its owner only', async (bench) => {
  await turn(bench.connection, 'hello')
  const run = join(bench.folder, 'run')
  const [name = ''] = await readdir(run)
  assert.equal((await stat(run)).mode & 0o777, 0o700)
  assert.equal((await stat(join(run, name))).mode & 0o777, 0o600)
  await bench.connection.end()
  assert.deepEqual(await readdir(run), [])
})

on('turn that the store knows of leaves no note that would mislead a retry by hand', async (bench) => {
  await turn(bench.connection, 'one')
  const [name = ''] = await readdir(join(bench.folder, 'run'))
  const noted = JSON.parse(await readFile(join(bench.folder, 'run', name), 'utf8'))
  assert.deepEqual(Object.keys(noted).sort(), ['agent', 'owner'])
})

on('message of a killed server that its agent had in hands is not sent again', async (bench) => {
  await bench.killedServer('turn', deliveryId, 'SLOW:600')
  const next = bench.connect()
  const became = await next.recall(deliveryId)
  assert.ok(became?.kind === 'unknown' && became.accepted, JSON.stringify(became))
  assert.equal((await turn(next, 'again')).kind, 'completed')
})

on('ends what a killed server left before anybody knocks', async (bench) => {
  await bench.killedServer('inject', deliveryId, 'CHATTY')
  assert.equal(await bench.anyRuns(), true)
  bench.connect()
  await eventually(async () => !(await bench.anyRuns()), 'it is gone')
})

on('leaves the agent of a server that runs to that server', async (bench) => {
  assert.equal((await turn(bench.connection, 'one')).kind, 'completed')
  const other = bench.connect()
  assert.equal(await other.recall(deliveryId), undefined)
  await other.close()
  assert.equal(await bench.anyRuns(), true)
  assert.equal((await turn(bench.connection, 'two')).kind, 'completed')
  assert.equal((await bench.starts()).length, 1)
})

on('end from another process ends the agent', async (bench) => {
  await bench.killedServer('inject', deliveryId, 'CHATTY')
  await bench.connect().end()
  assert.equal(await bench.anyRuns(), false)
})

on('sweep never ends a stranger under a recycled pid', async (bench) => {
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

test('acp prepare knows the agent by its command', async () => {
  const { driver, remove } = await openBench()
  const agents: readonly (readonly [readonly string[], unknown])[] = [
    [['npx', '-y', '@agentclientprotocol/codex-acp@2.6.0'], 'codex'],
    [['/opt/bin/claude-agent-acp'], 'claude'],
    [['gemini', '--acp'], 'gemini'],
    [['./mine'], undefined],
  ]
  for (const [command, agent] of agents)
    assert.equal((await driver.prepare({ command }, { cwd: '/srv' })).agent, agent)
  await remove()
})
