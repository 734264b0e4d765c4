import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeliveryId } from '../../src/domain/delivery.ts'
import type { Connection, Outgoing, TurnEvents } from '../../src/domain/driver.ts'
import type { Outcome } from '../../src/domain/outcome.ts'

/** How one kind of session is set up, watched and disturbed. What is absent is not checked. */
export interface DriverHarness {
  readonly name: string
  /** Why its tests cannot run here; they are then shown as skipped. */
  readonly skip?: string | undefined
  readonly delivery: 'push' | 'pull'
  /** Whether `end` ends the agent: true for those that the driver starts. */
  readonly ownsAgent: boolean
  readonly multiline: boolean
  /** Most bytes of one line that reach the agent whole; more must be refused, not cut. */
  readonly longestLine: number
  /** Whether `turn` is to be checked, and whether it comes back with an answer. */
  readonly turns: 'answer' | 'silent' | 'no'
  /** Starts an agent that is idle, and reaches it. */
  start(): Promise<StartedAgent>
}

export interface StartedAgent {
  readonly connection: Connection
  /** The messages that the agent got so far, exactly as it got them. */
  received(): Promise<readonly string[]>
  /** The messages that make it busy for longer than a test takes. */
  readonly busyWith?: string
  /** It goes on living and no longer reacts. */
  readonly hang?: () => Promise<void>
  readonly die?: () => Promise<void>
  /** Its host can no longer be reached. */
  readonly goAway?: () => Promise<void>
  readonly comeBack?: () => Promise<void>
  /** True while any process of the agent runs. */
  readonly alive?: () => Promise<boolean>
  /** Ends whatever is left and removes it. */
  stop(): Promise<void>
}

/** What every driver promises, whatever its wire. */
export function testDriver(harness: DriverHarness): void {
  const check = checking(harness)
  check('state is idle while the agent waits', async ({ connection }) => {
    assert.deepEqual(await connection.state(patience()), { kind: 'idle' })
  })
  check('recall knows nothing of a delivery that never was', async ({ connection }) => {
    assert.equal(await connection.recall(deliveryId('never')), undefined)
  })
  check('inject and turn with an aborted signal leave nothing behind', async (agent) => {
    for (const outcome of [
      await inject(agent, 'too late', AbortSignal.abort()),
      await agent.connection.turn(messageOf('too late'), AbortSignal.abort(), noEvents),
    ])
      assertNotTaken(outcome)
    assert.deepEqual(await agent.received(), [])
  })
  if (harness.delivery === 'pull') testPull(check)
  else testPush(harness, check)
}

type Check = (title: string, body: (agent: StartedAgent) => Promise<void>) => void

const checking =
  (harness: DriverHarness): Check =>
  (title, body) => {
    const options = harness.skip === undefined ? {} : { skip: harness.skip }
    test(`${harness.name}: ${title}`, options, async () => {
      const agent = await harness.start()
      try {
        await body(agent)
      } finally {
        await agent.stop()
      }
    })
  }

function testPull(check: Check): void {
  check('inject and turn hold the message for its agent', async (agent) => {
    assert.equal((await inject(agent, 'hello')).kind, 'busy')
    assert.equal((await agent.connection.turn(messageOf('hello'), patience(), noEvents)).kind, 'busy')
  })
  check('end and close let go', async ({ connection }) => {
    await connection.end()
    await connection.close()
  })
}

function testPush(harness: DriverHarness, check: Check): void {
  testTexts(harness, check)
  testTurns(harness, check)
  testBadDays(check)
  testEnds(harness, check)
}

const texts: Readonly<Record<string, string>> = {
  plain: '[ci] build 4711 failed',
  unicode: 'Grüße aus Zürich, 東京, ελληνικά, עברית, e\u0301',
  emoji: 'done 🎉 👩‍💻 🇨🇭 end',
  quotes: `it's "quoted" and 'so' \\ on`,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a shell would expand.
  'shell syntax': 'say $(touch pwned) `id` ${HOME} && rm -rf x | tee > out < in * ? ~ #!',
  'trailing semicolon': 'select 1;',
  'leading spaces': '   indented by three',
  'format strings': '%s %d #{pane_id} {{x}} ^C \\n \\x1b[31m',
  'leading dash': '-n --help -- -t',
}

function testTexts(harness: DriverHarness, check: Check): void {
  for (const [name, text] of Object.entries(texts))
    check(`inject brings ${name} once and exactly`, (agent) => assertArrives(agent, text))
  const lines = 'first line\n\n  third, indented\nlast;'
  if (harness.multiline)
    check('inject brings several lines as one message', (agent) => assertArrives(agent, lines))
  const long = `${'0123456789abcde '.repeat(512)}end`
  check('inject brings 8 KB whole or refuses it', async (agent) => {
    if (harness.longestLine >= long.length) return assertArrives(agent, long)
    assertNotTaken(await inject(agent, long))
    assert.deepEqual(await agent.received(), [])
  })
  check('inject brings messages one after the other', async (agent) => {
    const three = ['one of three', 'two of three', 'three of three']
    for (const text of three) assertTaken(await untilFree(agent, text))
    await receivedExactly(agent, three)
  })
}

function testTurns(harness: DriverHarness, check: Check): void {
  if (harness.turns === 'no') return
  check('turn waits for the end and says once that it was accepted', async (agent) => {
    let accepted = 0
    const on: TurnEvents = {
      accepted: async () => {
        accepted++
      },
      progress: () => {},
    }
    const outcome = await agent.connection.turn(messageOf('take your turn'), patience(), on)
    assert.equal(outcome.kind, 'completed', JSON.stringify(outcome))
    assert.equal(accepted, 1)
    if (harness.turns === 'answer') assert.ok(outcome.kind === 'completed' && outcome.answer)
    await receivedExactly(agent, ['take your turn'])
  })
}

function testBadDays(check: Check): void {
  check('inject into a busy session types nothing', async (agent) => {
    if (agent.busyWith === undefined) return
    const stop = new AbortController()
    const first = inject(agent, agent.busyWith, stop.signal)
    await eventually(async () => (await agent.received()).length === 1, 'it got what keeps it busy')
    await eventually(async () => (await agent.connection.state(patience())).kind === 'busy', 'it is busy')
    const outcome = await inject(agent, 'not now')
    assert.equal(outcome.kind, 'busy', JSON.stringify(outcome))
    assert.deepEqual(await agent.received(), [agent.busyWith])
    stop.abort()
    await first
  })
  check('inject into a hung session gives up when told, within a second', async (agent) => {
    if (!agent.hang) return
    await agent.hang()
    const stop = new AbortController()
    const started = Date.now()
    const timer = setTimeout(() => stop.abort(), 200)
    const outcome = await inject(agent, 'are you there', stop.signal)
    clearTimeout(timer)
    assertNotTaken(outcome)
    assert.ok(Date.now() - started < 200 + 1000 + slack, `${Date.now() - started} ms`)
  })
  check('inject waits for a host that is away', async (agent) => {
    if (!agent.goAway) return
    await agent.goAway()
    assert.equal((await agent.connection.state(patience())).kind, 'offline')
    assert.equal((await inject(agent, 'anybody')).kind, 'offline')
    if (!agent.comeBack) return
    await agent.comeBack()
    assertTaken(await untilFree(agent, 'anybody now'))
  })
}

function testEnds(harness: DriverHarness, check: Check): void {
  check('state and inject say that a dead agent has ended', async (agent) => {
    if (!agent.die) return
    await agent.die()
    // Who holds it hears of its end a moment later.
    await eventually(async () => (await agent.connection.state(patience())).kind === 'ended', 'it has ended')
    const outcome = await inject(agent, 'are you there')
    assert.equal(outcome.kind, 'ended', JSON.stringify(outcome))
    assert.deepEqual(await agent.received(), [])
  })
  check(harness.ownsAgent ? 'end leaves no process' : 'end leaves a foreign agent alone', async (agent) => {
    if (!agent.alive) return
    const stop = new AbortController()
    const working = agent.busyWith === undefined ? undefined : inject(agent, agent.busyWith, stop.signal)
    if (working) await eventually(async () => (await agent.received()).length === 1, 'it is at work')
    assert.equal(await agent.alive(), true)
    await agent.connection.end()
    assert.equal(await agent.alive(), !harness.ownsAgent)
    stop.abort()
    await working
  })
  check('close leaves the agent alone', async (agent) => {
    if (!agent.alive || !(await agent.alive())) return
    await agent.connection.close()
    assert.equal(await agent.alive(), true)
  })
}

/** For machines that do something else as well. */
const slack = 1000

const patience = (): AbortSignal => AbortSignal.timeout(30_000)

let counted = 0
const deliveryId = (name: string): DeliveryId => `whd_${name.padEnd(24, '0')}` as DeliveryId
const messageOf = (text: string): Outgoing => ({ deliveryId: deliveryId(`suite${++counted}`), text })
const noEvents: TurnEvents = { accepted: async () => {}, progress: () => {} }

const inject = ({ connection }: StartedAgent, text: string, signal = patience()): Promise<Outcome> =>
  connection.inject(messageOf(text), signal)

/** As the core does: held while it is busy. */
async function untilFree(agent: StartedAgent, text: string): Promise<Outcome> {
  const signal = patience()
  for (;;) {
    const outcome = await inject(agent, text, signal)
    if ((outcome.kind !== 'busy' && outcome.kind !== 'offline') || signal.aborted) return outcome
  }
}

async function assertArrives(agent: StartedAgent, text: string): Promise<void> {
  assertTaken(await untilFree(agent, text))
  await receivedExactly(agent, [text])
}

function assertTaken(outcome: Outcome): void {
  assert.equal(outcome.kind, 'taken', JSON.stringify(outcome))
}

function assertNotTaken(outcome: Outcome): void {
  assert.ok(outcome.kind !== 'taken' && outcome.kind !== 'completed', JSON.stringify(outcome))
}

/** Waits for as many as are due, then looks that there are no others. */
async function receivedExactly(agent: StartedAgent, expected: readonly string[]): Promise<void> {
  await eventually(async () => (await agent.received()).length >= expected.length, 'it got the message')
  assert.deepEqual(await agent.received(), expected)
}

/** Waits for a condition that nothing announces. */
export async function eventually(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
