import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeliveryId } from '../../src/domain/delivery.ts'
import type { Connection, Outgoing, TurnEvents } from '../../src/domain/driver.ts'
import type { Outcome } from '../../src/domain/outcome.ts'

/** How one kind of session is set up, watched and disturbed. */
export interface DriverHarness {
  readonly name: string
  /** Why its tests cannot run here; they are then shown as skipped. */
  readonly skip?: string | undefined
  /** Why an agent of this kind has no such day. Its case is then shown as skipped, else the member must be there. */
  readonly cannot?: Partial<Record<Disturbance, string>>
  readonly delivery: 'push' | 'pull'
  /** Whether `end` ends the agent: true for those that the driver starts. */
  readonly ownsAgent: boolean
  /** What `close` does to an agent that runs: most go on; one that hangs on pipes of ours ends, to be resumed later. */
  readonly close: 'leaves' | 'ends'
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
  /** The message that makes it busy for longer than a test takes. */
  readonly busyWith?: string
  /** It goes on running and no longer reacts. */
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

type Disturbance = 'busyWith' | 'hang' | 'die' | 'goAway'

/** What every driver promises, whatever its protocol. */
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

/** `needs`: what the case does to the agent. */
type Check = (title: string, body: (agent: StartedAgent) => Promise<void>, needs?: Disturbance) => void

const checking =
  (harness: DriverHarness): Check =>
  (title, body, needs) => {
    const lacking = needs && harness.cannot?.[needs]
    const skip = harness.skip ?? lacking
    const name = `${harness.name}: ${title}${lacking === undefined ? '' : ` [${lacking}]`}`
    test(name, skip === undefined ? {} : { skip }, async () => {
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
  check('end and close let go', async ({ connection, received }) => {
    await connection.end()
    await connection.close()
    assert.deepEqual(await received(), [])
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
  check('inject into a busy session types nothing', intoBusy, 'busyWith')
  check('inject into a hung session gives up when told, within a second', intoHung, 'hang')
  check('inject waits for a host that is away', whileAway, 'goAway')
  check('state and inject say that a dead agent has ended', afterDeath, 'die')
}

async function intoBusy(agent: StartedAgent): Promise<void> {
  const busyWith = needed(agent, 'busyWith')
  const stop = new AbortController()
  const first = untilFree(agent, busyWith, stop.signal)
  await eventually(async () => (await agent.received()).length === 1, 'it got what keeps it busy')
  await eventually(async () => (await agent.connection.state(patience())).kind === 'busy', 'it is busy')
  const outcome = await inject(agent, 'not now')
  assert.equal(outcome.kind, 'busy', JSON.stringify(outcome))
  assert.deepEqual(await agent.received(), [busyWith])
  stop.abort()
  await first
}

async function intoHung(agent: StartedAgent): Promise<void> {
  await needed(agent, 'hang')()
  const stop = new AbortController()
  const started = Date.now()
  const timer = setTimeout(() => stop.abort(), 200)
  const outcome = await inject(agent, 'are you there', stop.signal)
  clearTimeout(timer)
  assertNotTaken(outcome)
  assert.ok(Date.now() - started < 200 + 1000 + slack, `${Date.now() - started} ms`)
}

async function whileAway(agent: StartedAgent): Promise<void> {
  await needed(agent, 'goAway')()
  assert.equal((await agent.connection.state(patience())).kind, 'offline')
  assert.equal((await inject(agent, 'anybody')).kind, 'offline')
  if (!agent.comeBack) return
  await agent.comeBack()
  assertTaken(await untilFree(agent, 'anybody now'))
}

async function afterDeath(agent: StartedAgent): Promise<void> {
  await needed(agent, 'die')()
  // Whoever holds the agent learns of its end a moment later.
  await eventually(async () => (await agent.connection.state(patience())).kind === 'ended', 'it has ended')
  const outcome = await inject(agent, 'are you there')
  assert.equal(outcome.kind, 'ended', JSON.stringify(outcome))
  assert.deepEqual(await agent.received(), [])
}

function testEnds(harness: DriverHarness, check: Check): void {
  check(harness.ownsAgent ? 'end leaves no process' : 'end leaves a foreign agent alone', async (agent) => {
    const working = await running(agent)
    await agent.connection.end()
    assert.equal(await needed(agent, 'alive')(), !harness.ownsAgent)
    await working.stop()
  })
  check(harness.close === 'ends' ? 'close ends the agent' : 'close leaves the agent alone', async (agent) => {
    const working = await running(agent)
    await agent.connection.close()
    assert.equal(await needed(agent, 'alive')(), harness.close === 'leaves')
    await working.stop()
  })
}

/** An agent that surely runs: at work where it can be kept at work. */
async function running(agent: StartedAgent): Promise<{ stop(): Promise<void> }> {
  const stop = new AbortController()
  const working = agent.busyWith === undefined ? undefined : untilFree(agent, agent.busyWith, stop.signal)
  if (working) await eventually(async () => (await agent.received()).length === 1, 'it is at work')
  assert.equal(await needed(agent, 'alive')(), true)
  return {
    stop: async () => {
      stop.abort()
      await working
    },
  }
}

function needed<Name extends keyof StartedAgent>(
  agent: StartedAgent,
  name: Name,
): NonNullable<StartedAgent[Name]> {
  const member = agent[name]
  assert.ok(member !== undefined, `its harness neither has ${name} nor says why it cannot`)
  return member
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
async function untilFree(agent: StartedAgent, text: string, signal = patience()): Promise<Outcome> {
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
