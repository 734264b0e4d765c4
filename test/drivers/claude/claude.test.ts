import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { DeliveryEvent, DeliveryId } from '../../../src/domain/delivery.ts'
import type { Connection, TurnEvents } from '../../../src/domain/driver.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { DriverSettings } from '../../../src/domain/session.ts'
import { claudeDriver } from '../../../src/drivers/claude/driver.ts'
import { eventually } from '../../suites/driver.ts'
import { type Bench, openBench, otherSettings } from './harness.ts'

const deliveryId = 'whd_000000000000000000000001' as DeliveryId
const other = 'whd_000000000000000000000002' as DeliveryId
const quiet: TurnEvents = { accepted: async () => {}, progress: () => {} }
const patience = () => AbortSignal.timeout(30_000)

const inject = (connection: Connection, text: string, signal = patience(), id = deliveryId) =>
  connection.inject({ deliveryId: id, text }, signal)

const turn = (connection: Connection, text: string, signal = patience(), on = quiet) =>
  connection.turn({ deliveryId, text }, signal, on)

const on = (title: string, body: (bench: Bench) => Promise<void>) =>
  test(title, async () => {
    const bench = await openBench()
    try {
      await body(bench)
    } finally {
      await bench.remove()
    }
  })

const failed = (why: 'agent_error' | 'empty' | 'max_tokens' | 'cancelled', detail: string): Outcome => ({
  kind: 'turn_failed',
  why,
  detail,
})
const ends: readonly (readonly [string, string, Outcome])[] = [
  ['an answer', 'hello', { kind: 'completed', answer: 'ECHO[1]: hello', toolCalls: 0 }],
  ['the answer after a tool call', 'TOOL', { kind: 'completed', answer: 'ECHO[1]: TOOL', toolCalls: 1 }],
  ['noise in its transcript', 'NOISE', { kind: 'completed', answer: 'ECHO[1]: NOISE', toolCalls: 0 }],
  ['a turn it joined', 'JOIN', { kind: 'completed', answer: 'ECHO[0]: JOIN', toolCalls: 0 }],
  ['no word', 'EMPTY', failed('empty', 'it ended its turn without a word or a tool call')],
  ['a failed model call', 'ERR', failed('agent_error', 'API Error: 400 fake failure')],
  ['an interruption', 'INTERRUPT', failed('cancelled', 'its turn was interrupted in its terminal')],
  [
    'no tokens left',
    'MAXTOK',
    { ...failed('max_tokens', 'it stopped: max_tokens'), answer: 'half' } as Outcome,
  ],
]
for (const [title, text, outcome] of ends)
  on(`claude turn: ${title}`, async ({ connection, prompts, notes }) => {
    assert.deepEqual(await turn(connection, text), outcome)
    assert.deepEqual(await prompts(), [text])
    assert.deepEqual(await notes('priorities.jsonl'), ['later'])
    await eventually(async () => (await turn(connection, 'and now')).kind === 'completed', 'it goes on')
  })

on('claude turn: a crash is no answer, and the session has ended', async ({ connection }) => {
  const outcome = await turn(connection, 'CRASH')
  assert.deepEqual(outcome, {
    kind: 'turn_failed',
    why: 'exited',
    detail: 'Claude Code ended during the turn',
  })
  assert.equal((await connection.state(patience())).kind, 'ended')
  assert.equal((await inject(connection, 'next')).kind, 'ended')
})

on('claude waits while a dialog is open, and says so', async ({ connection, answer, prompts }) => {
  const events: DeliveryEvent[] = []
  const progress = (event: DeliveryEvent) => void events.push(event)
  const running = turn(connection, 'DIALOG', patience(), { ...quiet, progress })
  await eventually(async () => (await connection.state(patience())).kind === 'blocked', 'it is blocked')
  const [asks, why] = ['permission', 'it waits for permission']
  const { since, ...state } = { since: 0, ...(await connection.state(patience())) }
  assert.deepEqual(state, { kind: 'blocked', why, asks })
  assert.ok(since > 0)
  await eventually(async () => events.length > 0, 'the timeline says so')
  assert.deepEqual(
    events.map(({ kind, detail }) => `${kind}: ${detail}`),
    [`held: blocked: ${why}`],
  )
  assert.deepEqual(await prompts(), ['DIALOG'])
  await answer()
  assert.equal((await running).kind, 'completed')
})

on('claude types nothing into an open dialog', async ({ connection, connect, prompts }) => {
  assert.equal((await inject(connection, 'DIALOG')).kind, 'taken')
  await eventually(async () => (await connection.state(patience())).kind === 'blocked', 'it is blocked')
  const why = 'it waits for permission'
  for (const one of [connection, connect()])
    assert.deepEqual(await inject(one, 'next', patience(), other), { kind: 'busy', why, blocked: true })
  assert.deepEqual(await prompts(), ['DIALOG'])
})

on('claude leaves a turn that takes too long to its terminal', async ({ connection, prompts }) => {
  const late = new AbortController()
  const running = turn(connection, 'SLOW:600', late.signal, {
    ...quiet,
    accepted: async () => late.abort(new DOMException('too long', 'TimeoutError')),
  })
  const outcome = await running
  assert.ok(outcome.kind === 'turn_failed' && outcome.why === 'timeout', JSON.stringify(outcome))
  assert.equal((await connection.state(patience())).kind, 'busy')
  assert.equal((await inject(connection, 'next', patience(), other)).kind, 'busy')
  assert.deepEqual(await prompts(), ['SLOW:600'])
})

on('claude finds out in the next server how a turn went that a stop cut off', async (bench) => {
  const stop = new AbortController()
  const accepted = async () => stop.abort()
  const cut = await turn(bench.connection, 'SLOW:1', stop.signal, { ...quiet, accepted })
  assert.deepEqual(cut, { kind: 'busy', why: 'its turn goes on' })
  const next = bench.connect()
  assert.equal(await next.recall(other), undefined)
  let found = await next.recall(deliveryId)
  await eventually(async () => {
    if (found?.kind === 'busy') found = await next.recall(deliveryId)
    return found?.kind !== 'busy'
  }, 'it is over')
  assert.deepEqual(found, { kind: 'completed', answer: 'ECHO[1]: SLOW:1', toolCalls: 0 })
  assert.equal(await next.recall(deliveryId), undefined)
  assert.deepEqual(await bench.prompts(), ['SLOW:1'])
})

for (const how of ['inject', 'turn'] as const)
  on(`claude recall finds what a killed server had sent by ${how}`, async (bench) => {
    await killedServer(bench, how, how === 'turn' ? 'SLOW:600' : 'hello')
    const next = bench.connect()
    if (how === 'inject') assert.deepEqual(await next.recall(deliveryId), { kind: 'taken', evidence: 'ack' })
    else {
      assert.deepEqual(await next.recall(deliveryId), { kind: 'busy', why: 'its turn goes on' })
      await bench.kill()
      const gone = await next.recall(deliveryId)
      assert.ok(gone?.kind === 'turn_failed' && gone.why === 'exited', JSON.stringify(gone))
    }
    assert.equal((await bench.prompts()).length, 1)
  })

on('claude sends nothing twice to one that hangs, and finds it once it goes on', async (bench) => {
  const { connection, pid, prompts } = bench
  process.kill(pid, 'SIGSTOP')
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 200)
  const outcome = await inject(connection, 'hello', stop.signal)
  assert.deepEqual(outcome, {
    kind: 'unknown',
    why: 'it was sent and has not been taken yet',
    accepted: false,
  })
  const held = { kind: 'busy', why: 'what was sent has not been taken yet; it is not sent a second time' }
  assert.deepEqual(await connection.recall(deliveryId), held)
  assert.deepEqual(await bench.connect().recall(deliveryId), held)
  assert.deepEqual(await inject(connection, 'next', patience(), other), held)
  process.kill(pid, 'SIGCONT')
  const found = async () => (await connection.recall(deliveryId))?.kind === 'taken'
  await eventually(found, 'it was taken')
  assert.deepEqual(await prompts(), ['hello'])
})

on('claude holds what was dropped, and sends it again', async ({ connection, prompts }) => {
  const dropped = await inject(connection, 'DROP')
  assert.ok(dropped.kind === 'busy' && dropped.retryAfterMs, JSON.stringify(dropped))
  assert.equal(await connection.recall(deliveryId), undefined)
  assert.equal((await inject(connection, 'hello')).kind, 'taken')
  assert.deepEqual(await prompts(), ['DROP', 'hello'])
})

on('claude tells a skill by its text, because calls are not obeyed there', async (bench) => {
  const { connection, folder, prompts } = bench
  for (const [dir, name] of [
    ['.claude/skills', 'code-review'],
    ['config/skills', 'mine'],
    ['extra', 'triage'],
  ]) {
    await mkdir(join(folder, `${dir}/${name}`), { recursive: true })
    await writeFile(join(folder, `${dir}/${name}/SKILL.md`), `---\nname: ${name}\n---\nDo ${name}.\n`)
  }
  assert.deepEqual(await connection.skills(patience()), ['code-review', 'mine', 'triage'])
  const say = (skill: string) => connection.turn({ deliveryId, text: '[ci] hi', skill }, patience(), quiet)
  assert.equal((await say('code-review')).kind, 'completed')
  assert.equal((await say('triage')).kind, 'completed')
  const none = await say('none')
  assert.ok(none.kind === 'failed' && none.skill, JSON.stringify(none))
  assert.deepEqual(await prompts(), ['Do code-review.\n\n[ci] hi', 'Do triage.\n\n[ci] hi'])
})

on('claude is another session when its pid is used again', async ({ driver, session, tools, prompts }) => {
  const { process: identity } = session.settings as { process: { pid: number } }
  const recycled = otherSettings(session, { process: { ...identity, start: 'another boot:1' } })
  const connection = driver.connect(recycled, tools)
  assert.equal((await connection.state(patience())).kind, 'ended')
  assert.equal((await inject(connection, 'hello')).kind, 'ended')
  assert.deepEqual(await prompts(), [])
})

on('claude is offline while it is registered and its inbox is not there', async ({ connection, entry }) => {
  const written = JSON.parse(await readFile(entry, 'utf8'))
  await writeFile(entry, JSON.stringify({ ...written, messagingSocketPath: `${entry}.none` }))
  const outcome = await inject(connection, 'hello')
  assert.ok(
    outcome.kind === 'offline' && /inbox cannot be reached/.test(outcome.why),
    JSON.stringify(outcome),
  )
})

on('claude keeps no text of a message in its journal', async ({ connection, folder }) => {
  assert.equal((await turn(connection, 'a secret word')).kind, 'completed')
  const [name = ''] = await readdir(join(folder, 'run'))
  assert.doesNotMatch(await readFile(join(folder, 'run', name), 'utf8'), /secret/)
  await connection.end()
  assert.deepEqual(await readdir(join(folder, 'run')), [])
})

on('claude prepare finds the session that is meant, or says what there is', async (bench) => {
  const { driver, folder, pid, openAnother } = bench
  const prepare = (settings: DriverSettings) => driver.prepare(settings, { cwd: folder })
  const { follow, ...only } = await prepare({})
  assert.deepEqual([(only.process as { pid: number }).pid, follow], [pid, 'folder'])
  const another = await openAnother()
  await assert.rejects(prepare({}), new RegExp(`needs one of these, .*pid=${another.pid} `))
  assert.deepEqual(await prepare({ pid }), only)
  const conversation = await prepare({ sessionId: only.sessionId })
  assert.deepEqual(conversation, { ...only, follow: 'conversation' })
  const elsewhere = claudeDriver({ env: { HOME: '/nowhere' }, skillDirs: () => [] })
  assert.deepEqual(await elsewhere.prepare({ pid }, { cwd: '/' }), only)
  await assert.rejects(elsewhere.prepare({}, { cwd: '/' }), /no Claude Code that is open/)
  await assert.rejects(prepare({ pid: process.pid, configDir: 'config' }), /needs one of these/)
  await assert.rejects(prepare({ pid: '1' }), /pid as a number/)
  await assert.rejects(prepare({ target: '%1' }), /no setting "target"/)
  await assert.rejects(prepare({ configDir: 'none' }), /no Claude Code that is open/)
})

on('claude discovers what is open and not reached yet', async ({ driver, session, folder, openAnother }) => {
  const another = await openAnother()
  const env = { CLAUDE_CONFIG_DIR: join(folder, 'config') }
  const found = await driver.discover?.({
    env,
    userHome: folder,
    reached: [session.settings],
    signal: patience(),
  })
  assert.deepEqual(found, [
    {
      what: `Claude Code in ${folder}, pid ${another.pid}, idle`,
      live: true,
      way: 'own',
      id: 'claude',
      add: ['--driver', 'claude', '--set', `pid=${another.pid}`],
    },
  ])
})

/** A server that is killed once its agent has the message and has begun. */
async function killedServer(bench: Bench, how: 'inject' | 'turn', text: string): Promise<void> {
  const main = fileURLToPath(new URL('../agent-process/crash-main.ts', import.meta.url))
  const runtime = 'Deno' in globalThis ? ['run', '-A', '--no-check', main] : [main]
  const args = [JSON.stringify(bench.session), bench.tools.runDir, how, deliveryId, text]
  const server = spawn(process.execPath, [...runtime, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const dead = new Promise((resolve) => server.once('exit', resolve))
  await new Promise((resolve) => server.stdout.once('data', resolve))
  server.kill('SIGKILL')
  await dead
}

on(
  'claude that is opened again in its folder is the same session, one that is not is awaited',
  async (bench) => {
    const { driver, session, folder, tools, kill, openAnother } = bench
    const settings = await driver.prepare({}, { cwd: folder })
    const remembered: DriverSettings[] = []
    const remember = async (changed: DriverSettings) => void remembered.push(changed)
    const connection = driver.connect({ ...session, settings }, { ...tools, remember })
    await kill()
    const gone = await inject(connection, 'early')
    assert.ok(
      gone.kind === 'offline' && /no Claude Code is open in .* any more/.test(gone.why),
      JSON.stringify(gone),
    )
    assert.equal((await connection.state(patience())).kind, 'offline')
    const next = await openAnother()
    assert.equal((await connection.state(patience())).kind, 'idle')
    assert.equal((await inject(connection, 'early')).kind, 'taken')
    assert.deepEqual(
      remembered.map(({ process }) => (process as { pid: number }).pid),
      [next.pid],
    )
    await openAnother()
    next.kill('SIGKILL')
    await eventually(async () => (await connection.state(patience())).kind === 'idle', 'the third one')
  },
)

on('claude follows nobody into another folder, and no one of several', async (bench) => {
  const { driver, session, folder, tools, kill, openAnother } = bench
  const settings = await driver.prepare({ cwd: folder }, { cwd: '/' })
  const elsewhere = driver.connect({ ...session, settings: { ...settings, cwd: '/elsewhere' } }, tools)
  const connection = driver.connect({ ...session, settings }, tools)
  await kill()
  await openAnother()
  await openAnother()
  const states = await Promise.all([elsewhere, connection].map((one) => one.state(patience())))
  assert.deepEqual(
    states.map((state) => (state.kind === 'offline' ? state.why.slice(0, 14) : state.kind)),
    ['no Claude Code', 'several are op'],
  )
})
