import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import type { DeliveryEvent, DeliveryId } from '../../src/domain/delivery.ts'
import type { Connection, TurnEvents } from '../../src/domain/driver.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { DriverSettings } from '../../src/domain/session.ts'
import type { Bench } from '../drivers/agent-process/bench.ts'
import { eventually } from './driver.ts'

/** What one kind of owned agent says and is told, where the kinds differ. Its fake obeys the words of a prompt. */
export interface OwnedHarness {
  readonly name: string
  readonly open: (settings?: DriverSettings) => Promise<Bench>
  /** How a turn ends: a title, the prompt, the outcome. Another turn then goes well. */
  readonly ends: readonly (readonly [string, string, Outcome])[]
  /** Answered by more than 64 KiB of "ä". */
  readonly longAnswer: string
  readonly question: Question
  /** Settings under which what `question.text` asks is allowed, each of them, and the notes of how it was answered. */
  readonly allowed?: { readonly permissions: readonly string[]; readonly answers: readonly unknown[] }
  /** Permissions that are near what is asked for, and do not allow it. */
  readonly notAllowed?: readonly string[]
  /** Settings under which a conversation is gone on with in another way than usual. */
  readonly resumesWith?: DriverSettings
  /** Settings that name a conversation which the agent does not know. */
  readonly lost: DriverSettings
  /** What became of a turn of a killed server, as the next server recalls it. */
  readonly killedTurn: Outcome
  /** It asks a new agent what became of a delivery. */
  readonly recovers: boolean
  /** The prompt by which the skill `code-review` is called with `[ci] hi`, and a name that is none of its skills. */
  readonly skill: { readonly call: string; readonly none: string }
  readonly settings: {
    readonly complete: readonly (readonly [DriverSettings, DriverSettings])[]
    readonly wrong: readonly (readonly [DriverSettings, RegExp])[]
  }
}

interface Question {
  /** The prompt during whose turn the agent asks a person. */
  readonly text: string
  /** What the session says while the question waits. */
  readonly asks: string
  /** Where the fake notes the answers it got, and those to a question that was dismissed. */
  readonly notes: string
  readonly dismissed: readonly unknown[]
}

export const deliveryId = 'whd_000000000000000000000001' as DeliveryId
export const otherDelivery = 'whd_000000000000000000000002' as DeliveryId
export const quiet: TurnEvents = { accepted: async () => {}, progress: () => {} }
export const patience = (): AbortSignal => AbortSignal.timeout(20_000)
export const timeout = (): DOMException => new DOMException('too long', 'TimeoutError')

export const inject = (connection: Connection, text: string, signal = patience()): Promise<Outcome> =>
  connection.inject({ deliveryId, text }, signal)

export const turn = (
  connection: Connection,
  text: string,
  signal = patience(),
  on = quiet,
): Promise<Outcome> => connection.turn({ deliveryId, text }, signal, on)

/** As the core does: held while the agent is busy. */
export async function untilFree(connection: Connection, text: string): Promise<Outcome> {
  for (;;) {
    const outcome = await inject(connection, text)
    if (outcome.kind !== 'busy') return outcome
  }
}

export type OwnedTest = (
  title: string,
  body: (bench: Bench) => Promise<void>,
  settings?: DriverSettings,
) => void

/** A test on a bench of its own, of which nothing runs afterwards. */
export const ownedTest =
  (name: string, open: OwnedHarness['open']): OwnedTest =>
  (title, body, settings = {}) =>
    test(`${name} ${title}`, async () => {
      const bench = await open(settings)
      try {
        await body(bench)
      } finally {
        await bench.remove()
      }
      assert.equal(await bench.anyRuns(), false)
    })

/** What every driver promises that owns its agent's process. */
export function testOwnedDriver(harness: OwnedHarness): void {
  const on = ownedTest(harness.name, harness.open)
  testTurns(harness, on)
  testCuts(on)
  testQuestions(harness, on)
  testConversations(harness, on)
  testKilledServers(harness, on)
  testSkills(harness, on)
  testSettings(harness)
}

function testTurns({ ends, longAnswer }: OwnedHarness, on: OwnedTest): void {
  for (const [title, text, outcome] of ends)
    on(`turn: ${title}`, async ({ connection, prompts }) => {
      assert.deepEqual(await turn(connection, text), outcome)
      assert.deepEqual(await prompts(), [text])
      const next = await turn(connection, 'and now')
      assert.equal(next.kind, 'completed', JSON.stringify(next))
    })

  on('answer is the first 64 KiB, no character cut', async ({ connection }) => {
    const outcome = await turn(connection, longAnswer)
    assert.ok(outcome.kind === 'completed')
    assert.equal(outcome.answer, 'ä'.repeat(32_768))
  })

  on('runs in its directory and inherits no secret', async ({ connection, starts, folder }) => {
    await turn(connection, 'hello')
    const [start] = await starts()
    assert.deepEqual([start?.cwd, start?.pwd, start?.secret], [folder, folder, undefined])
  })

  on('brings ten messages in order, each as a turn of its own', async ({ connection, prompts, starts }) => {
    const ten = Array.from({ length: 10 }, (_, index) => `SLOW:0.05 number ${index + 1}`)
    for (const text of ten) assert.equal((await untilFree(connection, text)).kind, 'taken')
    assert.deepEqual(await prompts(), ten)
    assert.equal((await starts()).length, 1)
    await eventually(async () => (await connection.state(patience())).kind === 'idle', 'the last one is over')
    const last = await turn(connection, 'how many')
    assert.ok(last.kind === 'completed' && last.answer === 'ECHO[11]: how many', JSON.stringify(last))
  })

  on('inject is taken when the agent reacts, and busy until its turn ends', async (bench) => {
    const { connection, prompts } = bench
    assert.deepEqual(await inject(connection, 'CHATTY SLOW:600'), { kind: 'taken', evidence: 'ack' })
    assert.deepEqual(await connection.state(patience()), { kind: 'busy', why: 'a turn runs' })
    assert.deepEqual(await inject(connection, 'next'), { kind: 'busy', why: 'a turn runs' })
    assert.deepEqual(await prompts(), ['CHATTY SLOW:600'])
  })
}

function testCuts(on: OwnedTest): void {
  on('interrupts a turn over its time', async ({ connection, prompts, starts }) => {
    const stop = new AbortController()
    const running = turn(connection, 'CHATTY SLOW:600', stop.signal)
    await eventually(async () => (await prompts()).length === 1, 'it got the prompt')
    stop.abort(timeout())
    const outcome = await running
    assert.ok(outcome.kind === 'turn_failed' && outcome.why === 'timeout', JSON.stringify(outcome))
    await eventually(async () => (await turn(connection, 'next')).kind === 'completed', 'it goes on')
    assert.equal((await starts()).length, 1)
  })

  on('is ended when it cannot be interrupted, and started again', async (bench) => {
    const { connection, prompts, starts, anyRuns } = bench
    const stop = new AbortController()
    const running = turn(connection, 'CHATTY SLOW:600 DEAF', stop.signal)
    await eventually(async () => (await prompts()).length === 1, 'it got the prompt')
    stop.abort()
    assert.equal((await running).kind, 'unknown')
    await eventually(async () => !(await anyRuns()), 'it was ended')
    assert.equal((await untilFree(connection, 'next')).kind, 'taken')
    assert.equal((await starts()).length, 2)
  })
}

function testQuestions({ question, allowed, notAllowed }: OwnedHarness, on: OwnedTest): void {
  const isBlocked = async ({ connection }: Bench) => (await connection.state(patience())).kind === 'blocked'

  on('holds a question for a person until the turn is over its time', async (bench) => {
    const { connection, notes } = bench
    const events: DeliveryEvent[] = []
    const stop = new AbortController()
    const progress = (event: DeliveryEvent) => void events.push(event)
    const running = turn(connection, question.text, stop.signal, { ...quiet, progress })
    const why = `it waits for ${question.asks}`
    const blocked = { kind: 'blocked', why, asks: question.asks }
    // That it is blocked may be told before what it asks.
    await eventually(
      async () => isDeepStrictEqual(await connection.state(patience()), blocked),
      'it is blocked by what it asks',
    )
    assert.deepEqual(await inject(connection, 'meanwhile'), { kind: 'busy', why, blocked: true })
    assert.deepEqual(await notes(question.notes), [])
    stop.abort(timeout())
    const outcome = await running
    assert.ok(outcome.kind === 'turn_failed' && outcome.why === 'timeout', JSON.stringify(outcome))
    assert.equal(outcome.detail, `timed out while waiting for ${question.asks}`)
    const all = question.dismissed.length
    await eventually(async () => (await notes(question.notes)).length === all, 'it was dismissed')
    assert.deepEqual(await notes(question.notes), question.dismissed)
    const held = events.filter(({ kind }) => kind === 'held').map(({ detail }) => detail)
    assert.deepEqual(held, [question.asks])
  })

  for (const permission of allowed?.permissions ?? [])
    on(
      `is allowed once what the configuration names: ${permission}`,
      async ({ connection, notes }) => {
        const answer = `ECHO[1]: ${question.text}`
        const outcome: Outcome = { kind: 'completed', answer, toolCalls: 1 }
        assert.deepEqual(await turn(connection, question.text), outcome)
        assert.deepEqual(await notes(question.notes), allowed?.answers)
      },
      { permissions: ['something else', permission] },
    )

  if (notAllowed)
    on(
      'is not allowed what the configuration does not name',
      async (bench) => {
        assert.equal((await inject(bench.connection, question.text)).kind, 'taken')
        await eventually(() => isBlocked(bench), 'it is blocked')
        assert.deepEqual(await bench.notes(question.notes), [])
      },
      { permissions: notAllowed },
    )
}

function testConversations({ name, lost, resumesWith }: OwnedHarness, on: OwnedTest): void {
  const conversationLost = `${name.split(' ')[0]}.conversation_lost`

  for (const settings of [{}, ...(resumesWith ? [resumesWith] : [])])
    on(
      `goes on with the same conversation after its agent was killed, with ${JSON.stringify(settings)}`,
      async (bench) => {
        const { connection, starts, remembered, logged } = bench
        assert.equal((await turn(connection, 'one')).kind, 'completed')
        for (const { pid } of await starts()) process.kill(pid, 'SIGKILL')
        await eventually(
          async () => (await turn(connection, 'is it there')).kind === 'completed',
          'it is back',
        )
        const outcome = await turn(connection, 'three')
        assert.deepEqual(outcome, { kind: 'completed', answer: 'ECHO[3]: three', toolCalls: 0 })
        assert.equal(remembered.length, 1)
        assert.equal(logged.includes(conversationLost), false)
      },
      settings,
    )

  on('goes on with the same conversation in the next server', async (bench) => {
    assert.equal((await turn(bench.connection, 'one')).kind, 'completed')
    await bench.connection.close()
    assert.equal(await bench.anyRuns(), false)
    assert.deepEqual(await readdir(join(bench.folder, 'run')), [])
    const next = bench.connect(bench.remembered.at(-1))
    assert.deepEqual(await turn(next, 'two'), { kind: 'completed', answer: 'ECHO[2]: two', toolCalls: 0 })
  })

  on(
    'begins a new conversation when the old one is unknown, and logs it',
    async ({ connection, logged }) => {
      const outcome = await turn(connection, 'one')
      assert.deepEqual(outcome, { kind: 'completed', answer: 'ECHO[1]: one', toolCalls: 0 })
      assert.ok(logged.includes(conversationLost))
    },
    lost,
  )

  for (const [title, command, why] of [
    ['is not there', ['/nowhere/agent'], /cannot start/],
    [
      'exits at once',
      ['/bin/sh', fileURLToPath(new URL('../fixtures/fake-no-key.sh', import.meta.url))],
      /code 3: no key/,
    ],
  ] as const)
    on(
      `says why an agent is of no use that ${title}`,
      async ({ connection, prompts }) => {
        const outcome = await inject(connection, 'hello')
        assert.ok(outcome.kind === 'failed' && outcome.retry, JSON.stringify(outcome))
        assert.match(outcome.why, why)
        assert.deepEqual(await prompts(), [])
      },
      { command },
    )
}

function testKilledServers({ killedTurn, recovers }: OwnedHarness, on: OwnedTest): void {
  const became = { inject: { kind: 'taken', evidence: 'ack' }, turn: killedTurn } as const
  for (const how of ['inject', 'turn'] as const)
    on(
      `recall tells what a killed server had under way by ${how}, and nothing of it is left`,
      async (bench) => {
        assert.equal((await turn(bench.connection, 'first')).kind, 'completed')
        await bench.connection.close()
        await bench.killedServer(how, deliveryId, 'CHATTY SLOW:600')
        assert.equal(await bench.anyRuns(), true)
        const next = bench.connect(bench.remembered.at(-1))
        if (!recovers) {
          assert.equal(await next.recall(otherDelivery), undefined)
          assert.equal(await bench.anyRuns(), false)
        }
        assert.deepEqual(await next.recall(deliveryId), became[how])
        if (!recovers) assert.equal(await next.recall(deliveryId), undefined)
        assert.deepEqual(await bench.prompts(), ['first', 'CHATTY SLOW:600'])
        assert.equal((await turn(next, 'next')).kind, 'completed')
      },
    )
}

function testSkills({ skill }: OwnedHarness, on: OwnedTest): void {
  on('calls a skill that the agent names, and one from a folder by its text', async (bench) => {
    const { connection, prompts, folder } = bench
    await mkdir(join(folder, 'extra/triage'), { recursive: true })
    await writeFile(join(folder, 'extra/triage/SKILL.md'), '---\nname: triage\n---\nLook twice.\n')
    assert.deepEqual(await connection.skills(patience()), ['code-review'])
    const say = (name: string) =>
      connection.turn({ deliveryId, text: '[ci] hi', skill: name }, patience(), quiet)
    assert.equal((await say('code-review')).kind, 'completed')
    assert.equal((await say('triage')).kind, 'completed')
    const why = `it has no skill "${skill.none}"`
    assert.deepEqual(await say(skill.none), { kind: 'failed', why, retry: false, skill: true })
    assert.deepEqual(await prompts(), [skill.call, 'Look twice.\n\n[ci] hi'])
  })
}

function testSettings({ name, open, settings: { complete, wrong } }: OwnedHarness): void {
  test(`${name} prepare completes settings and names what is wrong`, async () => {
    const { driver, remove } = await open()
    const prepare = (settings: DriverSettings) => driver.prepare(settings, { cwd: '/srv' })
    for (const [given, completed] of complete) assert.deepEqual(await prepare(given), completed)
    const always: typeof wrong = [
      [{ command: ['x'], env: { A: 1 } }, /env as an object of texts/],
      [{ command: ['x'], cwd: 7 }, /cwd as a text/],
      [{ command: ['x'], target: '%5' }, /no setting "target"/],
    ]
    for (const [given, why] of [...wrong, ...always]) await assert.rejects(prepare(given), why)
    await remove()
  })
}
