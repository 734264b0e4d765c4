import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openPane, type Pane } from '../../support/agents/pane.ts'
import type { AgentBench } from '../../support/agents.ts'
import { binary } from '../../support/binary.ts'
import { until } from '../../support/hooks.ts'
import { longMessage } from './messages.ts'
import {
  agentProcesses,
  assertSaid,
  assertSaidAlone,
  openStage,
  type Stage,
  saidOf,
  session,
} from './stage.ts'

/** What a test knows of one agent's terminal. */
export interface TypedAgent {
  /** What stands behind its name when it is started. */
  readonly args?: readonly string[]
  /** Its screen when it is ready for input. */
  readonly ready: RegExp
  /** A permission dialog on its screen; undefined for an agent that asks for none. */
  readonly dialog?: RegExp
  /** What a person presses to allow it. */
  readonly allow?: readonly string[]
}

export interface TypedStage extends Stage {
  readonly agent: TypedAgent
  readonly pane: Pane
}

/** The agent in a pane at which a person sits; `pty` runs it there by `postern run`. */
export async function openTypedStage(
  bench: AgentBench,
  via: 'tmux' | 'pty',
  agent: TypedAgent,
): Promise<TypedStage> {
  const run = via === 'pty' ? [binary()[0], 'run', '--session', session, '--'] : []
  const env = { ...bench.env, POSTERN_HOME: bench.home }
  const pane = await openPane({ ...bench, env }, [...run, bench.name, ...(agent.args ?? [])])
  await until('it is ready', async () => agent.ready.test(await pane.screen()) || undefined, startMs)
  const target = ['--driver', 'tmux', '--target', pane.target, '--socket', pane.socket]
  const stage = await openStage(bench, via === 'tmux' ? target : undefined)
  return {
    ...stage,
    ...{ agent, pane },
    close: async () => {
      await stage.close()
      await pane.close()
    },
  }
}

const startMs = 90_000

/** Everything that may go wrong where a person and Postern share an input box. */
export const typedHazards = {
  'a knock becomes one user message': async (stage) => {
    const { status, id } = await stage.knock('SAY:hello from the test', 20)
    assert.equal(status, 200, JSON.stringify(await stage.show(id)))
    await assertSaid(stage, 'hello from the test', ['SAY:hello from the test'])
  },

  'a turn with a tool call completes': async (stage) => {
    const shown = await stage.turn('TOOL:printf %s-%s ran 42')
    assert.equal(shown.state, 'DELIVERED', JSON.stringify(shown))
    await stage.pane.shows(/ran-42/)
    await assertSaid(stage, 'TOOL:printf', ['TOOL:printf %s-%s ran 42'])
  },

  'a model failure is not a delivered turn': async (stage) => {
    const shown = await stage.turn('FAIL:400 please')
    assert.equal(shown.state, 'FAILED', JSON.stringify(shown))
    await assertSaid(stage, 'FAIL:400', ['FAIL:400 please'])
  },

  'commands in messages are texts': async (stage) => {
    const bare = ['!touch x', '/exit', '@/etc/passwd', '/compact']
    const ids: string[] = []
    for (const message of bare) ids.push((await stage.knock(message)).id)
    for (const shown of await stage.settled(...ids))
      assert.equal(shown.state, 'DELIVERED', JSON.stringify(shown))
    assert.equal(existsSync(join(stage.bench.place.cwd, 'x')), false)
    for (const message of bare) await assertSaid(stage, message, [`[webhook] ${message}`])
  },

  'one word does not end the agent': async (stage) => {
    const words = ['exit', 'quit', ' exit ', ':q', 'logout', 'q', '退出', '\u200b/quit', 'EXIT', '?']
    for (const word of words) {
      const { id } = await stage.knock(word, 20)
      const [shown] = await stage.settled(id)
      assert.equal(shown?.state, 'DELIVERED', JSON.stringify(shown))
    }
    for (const word of words) await assertSaidAlone(stage, `[webhook] ${word.replace('\u200b', '')}`.trim())
  },

  'a half-typed draft is neither sent nor lost': async (stage) => {
    await stage.pane.write('a draft of mine')
    await stage.pane.shows(/a draft of mine/)
    const { status, id } = await stage.knock('SAY:after the draft', 5)
    assert.equal(status, 202)
    await until('it is held', async () => (await stage.show(id)).heldBecause === 'blocked' || undefined)
    assert.match(await stage.pane.screen(), /a draft of mine/)
    await assertSaid(stage, 'a draft', [])
    await stage.pane.press('Enter')
    const [shown] = await stage.settled(id)
    assert.equal(shown?.state, 'DELIVERED', JSON.stringify(shown))
    await assertSaid(stage, 'a draft of mine', ['a draft of mine'])
    await assertSaid(stage, 'after the draft', ['SAY:after the draft'])
  },

  'an open dialog survives 20 knocks': async (stage) => {
    const { dialog, allow } = stage.agent
    if (!dialog || !allow) return
    await stage.pane.write('TOOL:touch allowed')
    await stage.pane.shows(/touch allowed/)
    await stage.pane.press('Enter')
    await stage.pane.shows(dialog)
    const ids: string[] = []
    for (let i = 1; i <= 20; i++) ids.push((await stage.knock(`SAY:knock ${i} of 20`)).id)
    await until('the first is held', async () => {
      const { heldBecause, detail } = await stage.show(ids[0] ?? '')
      return heldBecause === 'blocked' && /decision/.test(detail ?? '') ? true : undefined
    })
    assert.match(await stage.pane.screen(), dialog)
    assert.equal(existsSync(join(stage.bench.place.cwd, 'allowed')), false)
    await assertSaid(stage, 'of 20', [])
    await stage.pane.press(...allow)
    await until('the tool ran', () => existsSync(join(stage.bench.place.cwd, 'allowed')) || undefined)
    for (const shown of await stage.settled(...ids))
      assert.equal(shown.state, 'DELIVERED', JSON.stringify(shown))
    await assertSaid(
      stage,
      'of 20',
      ids.map((_, i) => `SAY:knock ${i + 1} of 20`),
    )
  },

  'knocks during a slow turn arrive afterwards, in order': async (stage) => {
    const slow = await stage.begin('SLOW:6 first')
    await stage.asked(/SLOW:6 first/)
    const ids = [slow]
    for (let i = 1; i <= 10; i++) ids.push((await stage.knock(`SAY:number ${i} of 10`)).id)
    for (const shown of await stage.settled(...ids))
      assert.equal(shown.state, 'DELIVERED', JSON.stringify(shown))
    await assertSaid(
      stage,
      'of 10',
      ids.slice(1).map((_, i) => `SAY:number ${i + 1} of 10`),
    )
  },

  'a long message arrives whole': (stage) => arrivesWhole(stage, 8),
  'a very long message arrives whole': (stage) => arrivesWhole(stage, 60),

  'texts that an input box folds arrive whole, and the next one, too': async (stage) => {
    for (const [i, message] of foldedMessages.entries()) {
      const { id } = await stage.knock(message, 20)
      const [shown] = await stage.settled(id)
      assert.equal(shown?.state, 'DELIVERED', JSON.stringify(shown))
      await until(
        `${message.length} characters arrive`,
        () => saidOf(stage, message).length === 1 || undefined,
      )
      const next = await stage.knock(`SAY:next after ${i}`, 20)
      assert.equal(next.status, 200, JSON.stringify(await stage.show(next.id)))
      await assertSaid(stage, `next after ${i}`, [`SAY:next after ${i}`])
    }
  },

  'a backslash at the end arrives, and the next message, too': async (stage) => {
    for (const message of ['SAY:in C:\\temp\\', 'SAY:after the backslash']) {
      const { id } = await stage.knock(message, 20)
      const [shown] = await stage.settled(id)
      assert.equal(shown?.state, 'DELIVERED', JSON.stringify(shown))
      await assertSaid(stage, message, [message])
    }
  },

  'the server is killed during a turn': async (stage) => {
    const id = await stage.begin('SLOW:8 under the axe')
    await stage.asked(/under the axe/)
    await stage.kill9()
    await stage.restart()
    const [shown] = await stage.settled(id)
    await assertSaid(stage, 'under the axe', ['SLOW:8 under the axe'])
    assert.ok(shown?.state === 'DELIVERED' || /unknown/.test(JSON.stringify(shown)), JSON.stringify(shown))
  },

  'the agent is killed during a turn': async (stage) => {
    const id = await stage.begin('SLOW:8 last words')
    await stage.asked(/last words/)
    for (const { pid } of await agentProcesses(stage)) process.kill(pid, 'SIGKILL')
    const [shown] = await stage.settled(id)
    assert.equal(shown?.state, 'FAILED', JSON.stringify(shown))
    const { status } = await stage.knock('SAY:anybody there?', 5)
    assert.ok(status === 410 || status === 202, `status ${status}`)
  },
} satisfies Readonly<Record<string, (stage: TypedStage) => Promise<void>>>

/** 8 KB in 145 lines, and one line that is long. */
const foldedMessages: readonly string[] = [
  [
    ...Array.from({ length: 144 }, (_, i) => `line ${i} of a log of numbers ${i * 7919}`.padEnd(56, '.')),
    'SAY:145',
  ].join('\n'),
  `${Array.from({ length: 185 }, (_, i) => `w${i * 7919}`).join(' ')} SAY:long line`,
]

async function arrivesWhole(stage: TypedStage, kilobytes: number): Promise<void> {
  const message = longMessage(kilobytes * 1024)
  const { id } = await stage.knock(message, 20)
  const [shown] = await stage.settled(id)
  const said = saidOf(stage, `long message of ${kilobytes * 1024}`)
  if (shown?.state === 'FAILED') {
    assert.deepEqual(said, [])
    assert.match(shown.detail ?? '', /long|lines|bytes/)
    return
  }
  assert.equal(said.length, 1)
  assert.equal(said[0], message)
}
