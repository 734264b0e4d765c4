import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { DeliveryId } from '../../../src/domain/delivery.ts'
import type { Connection, TurnEvents } from '../../../src/domain/driver.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import type { DriverSettings } from '../../../src/domain/session.ts'
import { identify } from '../../../src/drivers/process/process.ts'
import { eventually } from '../../suites/driver.ts'
import { anyRuns, type Bench, openBench } from './harness.ts'

const deliveryId = 'whd_000000000000000000000001' as DeliveryId
const quiet: TurnEvents = { accepted: async () => {}, progress: () => {} }

const inject = (connection: Connection, text: string, signal = AbortSignal.timeout(20_000)) =>
  connection.inject({ deliveryId, text }, signal)

const turn = (connection: Connection, text: string, signal = AbortSignal.timeout(20_000)) =>
  connection.turn({ deliveryId, text }, signal, quiet)

const on = (title: string, body: (bench: Bench) => Promise<void>, settings: DriverSettings = {}) =>
  test(title, async () => {
    const bench = await openBench(settings)
    try {
      await body(bench)
    } finally {
      await bench.connection.end()
      await bench.remove()
    }
  })

const exits: readonly (readonly [string, string, Outcome])[] = [
  ['exit 0 is completed', 'hello', { kind: 'completed', answer: 'got hello' }],
  ['exit 75 is tried again', 'EXIT:75', { kind: 'failed', why: 'it said to try later', retry: true }],
  [
    'another exit is a failed turn',
    'EXIT:3',
    { kind: 'turn_failed', why: 'agent_error', detail: 'exit code 3', answer: 'got EXIT:3' },
  ],
  [
    'a failed turn tells its whole complaint',
    'EXIT:1 ERR:no-such-model',
    {
      kind: 'turn_failed',
      why: 'agent_error',
      detail: 'exit code 1: starting / no-such-model',
      answer: 'got EXIT:1 ERR:no-such-model',
    },
  ],
]
for (const [title, text, outcome] of exits)
  on(`command turn: ${title}`, async ({ connection }) => {
    assert.deepEqual(await turn(connection, text), outcome)
  })

on('command inject is taken with the answer', async ({ connection }) => {
  const outcome = await inject(connection, 'hello')
  assert.deepEqual(outcome, { kind: 'taken', evidence: 'ack', answer: 'got hello' })
})

on(
  'command runs in its directory, knows session and delivery, and inherits no secret',
  async ({ connection, notes, folder }) => {
    await inject(connection, 'hello')
    const [note] = await notes()
    const { pid: _pid, ...rest } = note ?? { pid: 0 }
    const expected = { text: 'hello', session: 'build', delivery: deliveryId, pwd: folder, cwd: folder }
    assert.deepEqual(rest, { ...expected, args: [], secrets: [] })
  },
)

on('command answer is the first 64 KiB of a large output', async ({ connection }) => {
  const outcome = await inject(connection, 'BIG:3000000')
  assert.ok(outcome.kind === 'taken')
  assert.equal(outcome.answer, 'ä'.repeat(32_768))
})

test('command that exits without reading is what its exit code says', async () => {
  const bench = await openBench({ command: ['/bin/sh', '-c', 'exec true'] })
  const outcome = await inject(bench.connection, 'x'.repeat(1_000_000))
  assert.equal(outcome.kind, 'taken')
  await bench.remove()
})

test('command that leaves a child with its output is over when it exits', async () => {
  const bench = await openBench({ command: ['/bin/sh', '-c', 'sleep 1000 & echo $!'] })
  const outcome = await inject(bench.connection, 'x')
  assert.ok(outcome.kind === 'taken')
  assert.equal(await identify(Number(outcome.answer)), undefined)
  await bench.remove()
})

test('command that cannot be started is tried again', async () => {
  for (const settings of [{ command: ['/nowhere/agent'] }, { command: ['/bin/true'], cwd: '/nowhere' }]) {
    const bench = await openBench(settings)
    const outcome = await inject(bench.connection, 'hello')
    assert.ok(outcome.kind === 'failed' && outcome.retry, JSON.stringify(outcome))
    assert.match(outcome.why, /cannot start/)
    await bench.remove()
  }
})

test('command killed by a signal is a failed turn', async () => {
  const bench = await openBench({ command: ['/bin/sh', '-c', 'kill -KILL $$'] })
  const outcome = await turn(bench.connection, 'x')
  assert.deepEqual(outcome, { kind: 'turn_failed', why: 'exited', detail: 'killed by SIGKILL', answer: '' })
  await bench.remove()
})

on(
  'command over its time is a failed turn and leaves nothing',
  async ({ connection, notes }) => {
    const outcome = await turn(connection, 'CHILD')
    const detail = 'it ran longer than 700 ms'
    assert.deepEqual(outcome, { kind: 'turn_failed', why: 'timeout', detail })
    assert.equal((await notes()).length, 1)
    assert.equal(await anyRuns(await notes()), false)
  },
  { timeoutMs: 700 },
)

on('command over the time of its delivery is a failed turn', async ({ connection }) => {
  const outcome = await turn(connection, 'SLOW', AbortSignal.timeout(300))
  assert.ok(outcome.kind === 'turn_failed' && outcome.why === 'timeout', JSON.stringify(outcome))
})

for (const text of ['SLOW', 'CHILD', 'STUBBORN'])
  on(`command stopped during ${text} is released and leaves nothing`, async ({ connection, notes }) => {
    const stop = new AbortController()
    const running = inject(connection, text, stop.signal)
    await eventually(async () => (await notes()).length === 1, 'it runs')
    stop.abort()
    assert.equal((await running).kind, 'released')
    assert.equal(await anyRuns(await notes()), false)
  })

on('command recall ends what a killed server left and lets it run again', async (bench) => {
  const { pid } = await killedServer(bench, 'CHILD STUBBORN')
  assert.deepEqual(await bench.connection.state(AbortSignal.timeout(5000)), {
    kind: 'busy',
    why: 'a command runs',
  })
  assert.equal(await bench.connection.recall(deliveryId), undefined)
  assert.equal(await identify(pid), undefined)
  assert.equal(await anyRuns(await bench.notes()), false)
  assert.equal((await inject(bench.connection, 'again')).kind, 'taken')
})

on(
  'command recall of an agent that a killed server left is unknown: it has the message',
  async (bench) => {
    await killedServer(bench, 'CHILD STUBBORN')
    const other = 'whd_000000000000000000000009' as DeliveryId
    assert.deepEqual(await bench.connection.recall(deliveryId), {
      kind: 'unknown',
      why: 'the server was stopped while its agent ran',
      accepted: true,
    })
    assert.equal(await anyRuns(await bench.notes()), false)
    assert.equal(await bench.connection.recall(deliveryId), undefined)
    await killedServer(bench, 'CHILD')
    assert.equal(await bench.connection.recall(other), undefined)
  },
  { preset: 'codex' },
)

on('command end ends what a killed server left', async (bench) => {
  await killedServer(bench, 'CHILD')
  await bench.connection.end()
  assert.equal(await anyRuns(await bench.notes()), false)
})

on('command recall ends children whose parent is gone already', async (bench) => {
  const { pid } = await killedServer(bench, 'CHILD')
  process.kill(pid, 'SIGKILL')
  await eventually(async () => (await identify(pid)) === undefined, 'the parent is gone')
  assert.equal(await anyRuns(await bench.notes()), true)
  await bench.connection.recall(deliveryId)
  assert.equal(await anyRuns(await bench.notes()), false)
})

on('command recall never ends a stranger under a recycled pid', async (bench) => {
  const { pid } = await killedServer(bench, 'CHILD')
  const path = join(bench.folder, 'run', (await readdir(join(bench.folder, 'run')))[0] ?? '')
  const noted = await readFile(path, 'utf8')
  await writeFile(path, JSON.stringify({ ...JSON.parse(noted), start: 'of somebody else' }))
  await bench.connection.recall(deliveryId)
  assert.ok(await identify(pid))
  await writeFile(path, noted)
})

on('command notes what runs for its owner only, and forgets it afterwards', async (bench) => {
  const stop = new AbortController()
  const running = inject(bench.connection, 'SLOW', stop.signal)
  const run = join(bench.folder, 'run')
  await eventually(async () => (await bench.notes()).length === 1, 'it runs')
  const [name = ''] = await readdir(run)
  assert.equal((await stat(run)).mode & 0o777, 0o700)
  assert.equal((await stat(join(run, name))).mode & 0o777, 0o600)
  stop.abort()
  await running
  assert.deepEqual(await readdir(run), [])
})

on('command uses a skill by its text, and refuses one it does not have', async (bench) => {
  await mkdir(join(bench.folder, 'extra/code-review'), { recursive: true })
  const file = '---\nname: code-review\ndescription: reviews\n---\nLook twice.\n'
  await writeFile(join(bench.folder, 'extra/code-review/SKILL.md'), file)
  const signal = AbortSignal.timeout(20_000)
  const message = { deliveryId, text: '[ci] hi' }
  assert.deepEqual(await bench.connection.skills(signal), ['code-review'])
  await bench.connection.inject({ ...message, skill: 'code-review' }, signal)
  const refused = await bench.connection.inject({ ...message, skill: 'nothing' }, signal)
  assert.deepEqual(refused, { kind: 'failed', why: 'it has no skill "nothing"', retry: false, skill: true })
  assert.deepEqual(
    (await bench.notes()).map((note) => note.text),
    ['Look twice.\n\n[ci] hi'],
  )
})

test('command keeps the conversation of a preset and begins anew when it is lost', async () => {
  const bench = await openBench()
  const script = [
    'printf "%s\\n" "$*" >> args; cat > /dev/null',
    'case "$*" in *--resume*) if [ -e lost ]; then echo "No conversation found with session ID: $5" >&2; exit 1; fi;; esac',
    'echo \'{"type":"result","is_error":false,"result":"fine","session_id":"s-1"}\'',
  ].join('\n')
  const command = ['/bin/sh', '-c', script, 'claude']
  const settings = await bench.driver.prepare({ command, preset: 'claude' }, { cwd: bench.folder })
  const connection = bench.connect(settings)
  assert.deepEqual(await turn(connection, 'one'), { kind: 'completed', answer: 'fine' })
  assert.equal(bench.remembered.at(-1)?.conversation, 's-1')
  const reconnected = bench.connect(bench.remembered.at(-1))
  assert.deepEqual(await turn(reconnected, 'two'), { kind: 'completed', answer: 'fine' })
  await writeFile(join(bench.folder, 'lost'), '')
  const lost = await turn(reconnected, 'three')
  assert.ok(lost.kind === 'failed' && lost.retry, JSON.stringify(lost))
  assert.equal(bench.remembered.at(-1)?.conversation, undefined)
  assert.equal((await turn(reconnected, 'three')).kind, 'completed')
  const args = (await readFile(join(bench.folder, 'args'), 'utf8')).trim().split('\n')
  const shapes = args.map((line) => line.replace(/[0-9a-f-]{36}/, 'ID'))
  const first = '-p --output-format json --session-id ID'
  const next = '-p --output-format json --resume s-1'
  assert.deepEqual(shapes, [first, next, next, first])
  await bench.remove()
})

test('command names no file to a preset that would read it', async () => {
  const bench = await openBench()
  const script = 'cat > input; echo \'{"type":"result","is_error":false,"result":"fine","session_id":"s-1"}\''
  const command = ['/bin/sh', '-c', script, 'claude']
  const settings = await bench.driver.prepare({ command, preset: 'claude' }, { cwd: bench.folder })
  const text = 'look at @/etc/passwd and @nowhere, please'
  assert.equal((await turn(bench.connect(settings), text)).kind, 'completed')
  assert.equal(await readFile(join(bench.folder, 'input'), 'utf8'), text.replace('@/etc', '\\@/etc'))
  await bench.remove()
})

test('command prepare completes settings and names what is wrong', async () => {
  const { driver, remove } = await openBench()
  const prepare = (settings: DriverSettings) => driver.prepare(settings, { cwd: '/srv' })
  assert.deepEqual(await prepare({ preset: 'codex' }), { command: ['codex'], cwd: '/srv', preset: 'codex' })
  assert.deepEqual(await prepare({ command: ['./a'], cwd: 'b' }), { command: ['./a'], cwd: '/srv/b' })
  const wrong: readonly (readonly [DriverSettings, RegExp])[] = [
    [{}, /needs a command/],
    [{ command: [] }, /needs a command/],
    [{ command: [''] }, /needs a command/],
    [{ command: 'ls -l' }, /program and its arguments/],
    [{ command: ['ls'], preset: 'clippy' }, /no such preset/],
    [{ command: ['ls'], timeoutMs: 0 }, /timeoutMs/],
    [{ command: ['ls'], timeoutMs: 2 ** 31 }, /timeoutMs/],
    [{ command: ['ls'], env: { A: 1 } }, /env/],
    [{ command: ['ls'], cwd: 7 }, /cwd/],
    [{ command: ['ls'], target: '%5' }, /no setting "target"/],
  ]
  for (const [settings, why] of wrong) await assert.rejects(prepare(settings), why)
  await remove()
})

/** Delivers `text` from a process that is then killed; resolves when that is dead and its command alone runs. */
async function killedServer(bench: Bench, text: string): Promise<{ readonly pid: number }> {
  const main = fileURLToPath(new URL('crash-main.ts', import.meta.url))
  const runtime = 'Deno' in globalThis ? ['run', '-A', '--no-check', main] : [main]
  const args = [...runtime, JSON.stringify(bench.session), join(bench.folder, 'run'), deliveryId, text]
  const before = (await bench.notes()).length
  const server = spawn(process.execPath, args, { stdio: 'ignore' })
  const dead = new Promise((resolve) => server.once('exit', resolve))
  await eventually(async () => (await bench.notes()).length > before, 'the command runs')
  server.kill('SIGKILL')
  await dead
  const note = (await bench.notes()).at(-1)
  assert.ok(note)
  return note
}
